"""A page that reads somebody's rows without saying for whom is an error page, and views cannot talk their way out.

The guard of `anlan.apps.org.scope` raises while a page is being read; here a careless page is put behind the real
middleware to see that it does. Views may not use the machine's own door (`by_the_machine`) either.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from tests import neighbours

from anlan import now as clock
from anlan.apps.alarms.models import Alarm
from anlan.apps.org import scope as scopes
from anlan.apps.org.scope import NOTHING, Scope, ScopedQuerySet, Unscoped, guard
from anlan.apps.registry.models import Enterprise, HazardSource, Point
from anlan.apps.warnings.models import Warning

ROOT = Path(__file__).resolve().parent.parent.parent
CARELESS: dict[str, Any] = {
    "list": lambda: list(Enterprise.objects.all()),
    "count": lambda: Alarm.objects.count(),
    "get": lambda: Point.objects.get(tag="PT-a1"),
    "first": lambda: Warning.objects.order_by("pk").first(),
    "exists": lambda: HazardSource.objects.filter(level="1").exists(),
    "aggregate": lambda: Alarm.objects.aggregate(n=Count("pk", filter=Q(state="active"))),
    "values": lambda: list(Enterprise.objects.values_list("name", flat=True)),
    "iterator": lambda: list(Point.objects.iterator()),
    "in_bulk": lambda: Enterprise.objects.in_bulk(),
    "of_another": lambda: list(Enterprise.objects.filter(pk__in=[1])),
}


def careless(request: HttpRequest, how: str) -> HttpResponse:
    return HttpResponse(str(CARELESS[how]()))


def careful(request: HttpRequest) -> HttpResponse:
    scope = request.scope  # type: ignore[attr-defined]
    names = Enterprise.objects.visible_to(scope).values_list("name", flat=True)
    return HttpResponse("、".join(names))


@pytest.mark.django_db
@pytest.mark.parametrize("how", sorted(CARELESS))
def test_a_page_without_a_scope_fails_instead_of_answering(how: str) -> None:
    world = neighbours.build(clock.now(), warn=False)
    urls = ModuleType("careless_urls")
    urls.urlpatterns = [path("careless/<str:how>/", careless)]  # type: ignore[attr-defined]
    with override_settings(ROOT_URLCONF=urls), pytest.raises(Unscoped):
        world.client("city").get(f"/careless/{how}/")


@pytest.mark.django_db
def test_a_page_with_a_scope_answers() -> None:
    world = neighbours.build(clock.now(), warn=False)
    urls = ModuleType("careful_urls")
    urls.urlpatterns = [path("careful/", careful)]  # type: ignore[attr-defined]
    with override_settings(ROOT_URLCONF=urls):
        assert world.client("county").get("/careful/").content.decode() == "示例a1厂、示例a2厂"


def test_every_model_that_belongs_to_an_enterprise_is_scoped() -> None:
    belonging = [model for model in apps.get_models() if _belongs_to_somebody(model)]
    assert len(belonging) > 20
    unscoped = [
        model._meta.label for model in belonging if not isinstance(model._default_manager.all(), ScopedQuerySet)
    ]
    assert not unscoped, f"give these models a queryset with visible_to(): {unscoped}"


def _belongs_to_somebody(model: Any) -> bool:
    if model._meta.label in ("accounts.Grant",):  # says itself who may see what; never listed on a page
        return False
    return any(field.name == "enterprise" and field.is_relation for field in model._meta.fields)


@pytest.mark.django_db
def test_every_scoped_model_answers_every_kind_of_scope() -> None:
    world = neighbours.build(clock.now())
    county = Scope(agency_paths=(world.agencies["county-a"].path,))
    own = Scope(enterprise_ids=(world.plants["a1"].enterprise.pk,))
    for model in apps.get_models():
        rows = model._default_manager.all()
        if not isinstance(rows, ScopedQuerySet):
            continue
        everything = rows.visible_to(scopes.EVERYTHING).count()
        assert rows.visible_to(NOTHING).count() == 0, model
        for scope in (county, own):
            assert rows.visible_to(scope).count() <= everything, model


@pytest.mark.django_db
def test_rows_reached_from_a_permitted_row_need_no_second_permission() -> None:
    world = neighbours.build(clock.now(), warn=False)
    scope = Scope(agency_paths=(world.agencies["county-a"].path,))
    with guard():
        for enterprise in Enterprise.objects.visible_to(scope).select_related("park").prefetch_related("sources"):
            assert [source.enterprise_id for source in enterprise.sources.all()] == [enterprise.pk]
            assert enterprise.points.count() == 1


@pytest.mark.django_db
def test_the_guard_holds_only_while_a_page_is_read() -> None:
    neighbours.build(clock.now(), warn=False)
    with guard():
        with pytest.raises(Unscoped):
            Enterprise.objects.count()
        with guard(False):
            assert Enterprise.objects.count() == 4
        assert Enterprise.objects.by_the_machine().count() == 4
    assert Enterprise.objects.count() == 4


def view_modules() -> Iterator[Path]:
    source = ROOT / "src" / "anlan"
    yield from (each for each in (source / "apps").rglob("views.py"))
    yield from (source / "pages").rglob("views.py")
    yield from (source / "api").rglob("*.py")


@pytest.mark.parametrize("module", [str(each.relative_to(ROOT)) for each in view_modules()])
def test_no_view_uses_the_machines_door(module: str) -> None:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    used = [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == "by_the_machine")
        or (isinstance(node, ast.Name) and node.id in ("EVERYTHING", "guard"))
    ]
    assert not used, f"{module}: lines {used} read rows for the machine in a view"


FOR_MACHINES = {
    ("src/anlan/pages/external/views.py", "take"): "a registered sender with its key; writes rows of that sender alone",
    ("src/anlan/api/receipts.py", "receipts"): "a provider with the channel's secret and its own numbers",
}
"""Acts of other systems, which have no scope but a key of their own, each with what bounds it."""


@pytest.mark.parametrize("module", [str(each.relative_to(ROOT)) for each in view_modules()])
def test_every_act_looks_its_record_up_in_the_scope(module: str) -> None:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    doors = ["visible_to(", "access.find("]
    doors += [f"{name}(" for name, node in functions.items() if any(door in ast.unparse(node) for door in doors)]
    finds = [
        ast.unparse(call.args[2])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Subject"
    ]
    for find in finds:  # the shared view of acts looks a record up by what its subject says
        assert any(door in f"{find}(" for door in doors), f"{module}: {find} looks nothing up in the scope"
    if finds:
        doors.append("act_view(")
    for name, node in functions.items():
        is_act = any("POST" in ast.unparse(each) for each in node.decorator_list)
        if is_act and (module, name) not in FOR_MACHINES:
            words = ast.unparse(ast.Module(node.body, []))
            assert any(door in words for door in doors), f"{module}: {name} acts on a record that it did not look up"
