"""Addresses of the pages, as their sections bring them, and of the API."""

from django.urls import path

from anlan.api import api
from anlan.api.receipts import receipts
from anlan.pages.section import sections
from anlan.site.theme import choose

handler500 = "anlan.site.errors.failed"
urlpatterns = [
    *(address for section in sections() for address in section.urls),
    path("api/v1/receipts/<str:channel>/", receipts, name="receipts"),
    path("api/v1/", api.urls),
    path("theme/", choose, name="theme"),
]
