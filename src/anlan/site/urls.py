"""Addresses of the pages; each app and each package of pages brings its own."""

from django.urls import include, path

from anlan.site.api import api
from anlan.site.api.receipts import receipts
from anlan.site.calls import views as calls
from anlan.site.overview import views as overview
from anlan.site.search import views as search
from anlan.site.todo import views as todo
from anlan.site.warnings import neglected
from anlan.site.warnings import views as warnings

handler500 = "anlan.site.errors.failed"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("wall/", overview.wall, name="wall"),
    path("calls/", calls.calls, name="calls"),
    path("home/", todo.home, name="home"),
    path("todo/", todo.todo, name="todo"),
    path("todo/read/<int:key>/", todo.read, name="todo-read"),
    path("todo/<str:number>/report/", warnings.report, name="todo-report"),
    path("search/", search.search, name="search"),
    path("warnings/", warnings.warnings, name="warnings"),
    path("warnings/neglected/", neglected.neglected, name="neglected"),
    path("warnings/<str:number>/", warnings.dossier, name="warning"),
    path("warnings/<str:number>/read/", warnings.read, name="warning-read"),
    path("warnings/<str:number>/<slug:verb>/", warnings.act, name="warning-act"),
    path("", include("anlan.apps.accounts.urls")),
    path("", include("anlan.apps.monitoring.urls")),
    path("", include("anlan.site.quieting.urls")),
    path("", include("anlan.site.performance.urls")),
    path("", include("anlan.site.enterprises.urls")),
    path("", include("anlan.site.points.urls")),
    path("", include("anlan.site.retrospectives.urls")),
    path("", include("anlan.site.operations.urls")),
    path("", include("anlan.site.contacts.urls")),
    path("", include("anlan.site.drills.urls")),
    path("", include("anlan.site.registry.urls")),
    path("", include("anlan.apps.external.urls")),
    path("", include("anlan.site.findings.urls")),
    path("", include("anlan.site.statistics.urls")),
    path("", include("anlan.site.rulebook.urls")),
    path("api/v1/receipts/<str:channel>/", receipts, name="receipts"),
    path("api/v1/", api.urls),
]
