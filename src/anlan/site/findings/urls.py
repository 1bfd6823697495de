"""Addresses of the findings."""

from django.urls import path

from anlan.site.findings import clues, views

urlpatterns = [
    path("clues/", clues.clues, name="clues"),
    path("clues/<int:pk>/", clues.clue, name="clue"),
    path("findings/", views.findings, name="findings"),
    path("findings/<int:pk>/", views.finding, name="finding"),
    path("findings/<int:pk>/<slug:verb>/", views.act, name="finding-act"),
]
