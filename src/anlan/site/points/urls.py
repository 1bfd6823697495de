"""Addresses of the point pages."""

from django.urls import path

from anlan.site.points import views

urlpatterns = [
    path("points/", views.points, name="points"),
    path("points/trends/", views.trends, name="points-trends"),
    path("points/<str:code>/", views.point, name="point"),
]
