"""Addresses of the enterprise pages."""

from django.urls import path

from anlan.site.enterprises import views

urlpatterns = [
    path("enterprises/", views.enterprises, name="enterprises"),
    path("enterprises/<str:code>/", views.enterprise, name="enterprise"),
]
