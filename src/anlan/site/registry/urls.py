"""Addresses of the register pages."""

from django.urls import path

from anlan.site.registry import views

urlpatterns = [
    path("register/", views.register, name="register"),
    path("register/template/", views.template, name="register-template"),
    path("register/export/", views.export, name="register-export"),
    path("register/key/", views.gateway_key, name="register-key"),
    path("register/<int:pk>/", views.handed, name="register-handed"),
]
