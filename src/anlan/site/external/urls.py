"""Addresses of 外部预警."""

from django.urls import path

from anlan.site.external import views

urlpatterns = [
    path("external/", views.alerts, name="external"),
    path("external/refused/", views.refused, name="external-refused"),
    path("external/<int:key>/", views.alert, name="external-alert"),
    path("api/v1/cap/", views.take, name="cap"),
]
