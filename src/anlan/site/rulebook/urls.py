"""Addresses of the rulebook pages."""

from django.urls import path

from anlan.site.rulebook import views

urlpatterns = [
    path("rulebook/", views.numbers, name="rulebook"),
    path("rulebook/<str:key>/", views.number, name="rule"),
    path("rulebook/<str:key>/change/", views.change, name="rule-change"),
]
