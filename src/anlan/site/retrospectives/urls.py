"""Address of the retrospective records."""

from django.urls import path

from anlan.site.retrospectives import views

urlpatterns = [path("alarms/late/", views.retrospectives, name="retrospectives")]
