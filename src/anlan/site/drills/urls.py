"""Addresses of the drill pages."""

from django.urls import path

from anlan.site.drills import views

urlpatterns = [
    path("drills/", views.drills, name="drills"),
    path("drills/upload/", views.upload, name="drill-upload"),
    path("drills/runs/<int:pk>/", views.run, name="drill-run"),
    path("drills/<slug:key>/", views.drill, name="drill"),
]
