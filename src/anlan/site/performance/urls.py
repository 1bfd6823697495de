"""Address of the page of alarm performance."""

from django.urls import path

from anlan.site.performance import views

urlpatterns = [path("alarms/performance/", views.alarm_performance, name="performance")]
