"""运行状态 in the house."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from anlan.pages.operations import channels, views
from anlan.pages.section import Section
from anlan.pages.way import views as way

URLS = [
    path("alive", views.alive, name="alive"),
    path("operations/", views.operations, name="operations"),
    path("operations/gateways/", views.gateways, name="gateways"),
    path("operations/outages/", views.outages, name="outages"),
    path("operations/clocks/", views.clocks, name="clocks"),
    path("operations/channels/", channels.channels, name="channels"),
    path("operations/channels/<slug:verb>/", channels.act, name="channels-act"),
    path("operations/way/", way.page, name="way"),
    path("operations/way/<slug:verb>/", way.act, name="way-act"),
    path("operations/gaps/", views.gaps, name="gaps"),
    path("operations/pauses/", views.pauses, name="pauses"),
    path("operations/pauses/<int:pk>/lift/", views.lift, name="pause-lift"),
    path("operations/quarantine/", views.quarantine, name="quarantine"),
]

SECTIONS = (Section("operations", 160, _("运行状态"), URLS),)
