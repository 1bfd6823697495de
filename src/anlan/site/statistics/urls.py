"""Addresses of the statistics."""

from django.urls import path

from anlan.site.statistics import views

urlpatterns = [
    path("statistics/", views.statistics, name="statistics"),
    path("statistics/<slug:metric>/", views.facts, name="statistics-facts"),
]
