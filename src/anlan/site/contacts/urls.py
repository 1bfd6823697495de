"""Addresses of one's own contacts."""

from django.urls import path

from anlan.site.contacts import demo, views

urlpatterns = [
    path("demo/phone/", demo.phone, name="demo-phone"),
    path("me/contacts/", views.mine, name="my-contacts"),
    path("me/contacts/<slug:verb>/", views.act, name="my-contacts-act"),
]
