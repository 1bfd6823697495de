"""Addresses of the alarm pages."""

from django.urls import path

from anlan.site.alarms import views

urlpatterns = [
    path("alarms/", views.alarms, name="alarms"),
    path("alarms/acknowledge/", views.acknowledge, name="alarms-acknowledge"),
    path("alarms/acknowledge/all/", views.acknowledge_all, name="alarms-acknowledge-all"),
]
