"""Addresses of the findings."""

from django.urls import path

from anlan.site.findings import views

urlpatterns = [
    path("findings/", views.findings, name="findings"),
    path("findings/<int:pk>/", views.finding, name="finding"),
    path("findings/<int:pk>/<slug:verb>/", views.act, name="finding-act"),
]
