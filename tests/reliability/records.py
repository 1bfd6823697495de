"""Questions to a plant's databases, answered by a process of its own whose Django looks at the plant's directory."""

from __future__ import annotations

import copy
import importlib
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from anlan.process import django


def build(enterprises: str, points: str) -> None:
    """Migrate and write the small world."""
    from anlan import now
    from anlan.process.migrating import migrate
    from anlan.testing.small_world import build as write

    migrate()
    write(now.now(), enterprises=int(enterprises), points=int(points))


def dump() -> dict[str, Any]:
    """Alarms with their changes and history, by point."""
    from tests.reliability.plant import micros

    from anlan.apps.alarms.models import Alarm
    from anlan.apps.delivery.models import Notice
    from anlan.apps.history.selectors import raw
    from anlan.apps.registry.models import Point

    alarms: dict[str, list[Any]] = {}
    for alarm in Alarm.objects.order_by("started_at", "pk").select_related("point").prefetch_related("events"):
        changes = [event.change for event in sorted(alarm.events.all(), key=lambda event: event.at)]
        alarms.setdefault(alarm.point.code, []).append([micros(alarm.started_at), alarm.worst, changes])
    end = datetime.now(UTC) + timedelta(minutes=10)
    history = {}
    for point in Point.objects.select_related("gateway"):
        found = raw(point, end - timedelta(hours=3), end)
        history[point.code] = [
            list(row) for row in zip(found.sampled_at_us.tolist(), found.value.tolist(), strict=True)
        ]
    steps = Notice.objects.filter(kind="notice").order_by("due_at", "pk").select_related("source")
    notices = [[row.source.code, row.step, micros(row.due_at)] for row in steps if row.source is not None]
    return {"alarms": alarms, "history": history, "notices": notices}


def burn(*sources: str) -> list[list[Any]]:
    """Give sources warnings whose first step falls due in a few seconds; returns [source, step, due time in µs]."""
    from tests.reliability.plant import micros

    from anlan import now
    from anlan.apps.registry.models import HazardSource
    from anlan.apps.warnings.services import set_level

    expected = []
    for number, (code, level, minutes) in enumerate(
        zip(sources, ("red", "orange", "yellow"), (30, 60, 60), strict=True)
    ):
        due = now.now() + timedelta(seconds=3 + 2 * number)
        set_level(HazardSource.objects.get(code=code), level, at=due - timedelta(minutes=minutes), origin="loaded")
        expected.append([code, 1, micros(due)])
    return expected


def staff(phone: str) -> None:
    """Give every hazard source three duty holders, whose numbers begin with ``phone``."""
    from anlan import now
    from anlan.apps.org.models import Person
    from anlan.apps.registry.models import DutyHolder, HazardSource

    for source in HazardSource.objects.select_related("enterprise"):
        for number, post in enumerate(("main", "technical", "operations")):
            person = Person.objects.create(
                code=f"{source.code}{post[:1]}", name=f"示例{post}", phone=f"{phone}{number}"
            )
            DutyHolder.objects.create(
                enterprise=source.enterprise, source=source, person=person, post=post,
                valid_from=now.now() - timedelta(days=1),
            )  # fmt: skip


def burn_many(count: str, lead_s: str, spread_s: str) -> list[list[Any]]:
    """``count`` sources with red warnings whose first steps fall due over ``spread_s``, from ``lead_s`` seconds on.

    One is raised through the real service for each enterprise; its rows are copied for further sources beside it, as
    many raises would have made them. Returns [source, due time in µs] in order of the sources.
    """
    from tests.reliability.plant import micros

    from anlan import now
    from anlan.apps.obligations.models import Obligation
    from anlan.apps.registry.models import HazardSource
    from anlan.apps.warnings.models import LevelEpisode, Told, Warning
    from anlan.apps.warnings.services import set_level

    first = now.now() + timedelta(seconds=float(lead_s))
    gap = timedelta(seconds=float(spread_s)) / int(count)
    patterns = list(HazardSource.objects.order_by("code"))
    expected, fresh = [], []
    for number, source in enumerate(patterns):
        due = first + number * gap
        set_level(source, "red", at=due - timedelta(minutes=30), origin="loaded")
        expected.append([source.code, micros(due)])
    for number in range(len(patterns), int(count)):
        pattern = patterns[number % len(patterns)]
        fresh.append(HazardSource(code=f"77{number:010d}", enterprise_id=pattern.enterprise_id, name="示例", level="1"))
    fresh = HazardSource.objects.bulk_create(fresh, batch_size=500)
    rows: dict[int, list[Any]] = {}
    for warning in Warning.objects.filter(cleared_at__isnull=True):
        rows[warning.source_id] = [
            warning,
            LevelEpisode.objects.get(warning=warning),
            Obligation.objects.get(subject=warning.subject, kind="notice"),
            list(Told.objects.filter(warning=warning)),
        ]
    made: list[list[Any]] = []
    for number, source in enumerate(fresh, len(patterns)):
        warning, episode, step, told = (copy.copy(each) for each in rows[patterns[number % len(patterns)].pk])
        shift = first + number * gap - step.due_at
        warning.pk, warning.number, warning.source = None, f"YJ-COPY-{number:06d}", source
        warning.opened_at, warning.level_since = warning.opened_at + shift, warning.level_since + shift
        warning.next_due_at = first + number * gap
        episode.pk, episode.started_at = None, episode.started_at + shift
        episode.clock_started_at = episode.clock_started_at + shift
        step.pk, step.source, step.due_at = None, source, first + number * gap
        made.append([warning, episode, step, told])
        expected.append([source.code, micros(step.due_at)])
    with transaction.atomic():
        Warning.objects.bulk_create([each[0] for each in made], batch_size=500)
        for warning, episode, _step, _told in made:
            episode.warning = warning
        LevelEpisode.objects.bulk_create([each[1] for each in made], batch_size=500)
        for warning, episode, step, _told in made:
            step.subject, step.key = warning.subject, f"notice:e{episode.pk}:1"
            step.payload = step.payload | {"episode": episode.pk}
        Obligation.objects.bulk_create([each[2] for each in made], batch_size=500)
        reached = []
        for warning, _episode, _step, told in made:
            for one in map(copy.copy, told):
                one.pk, one.warning, one.at = None, warning, warning.opened_at
                reached.append(one)
        Told.objects.bulk_create(reached, batch_size=500)
    return expected


def fired() -> dict[str, Any]:
    """First steps that were sent, with their lateness; second steps that wait; recipients; the journal's faults."""
    from tests.reliability.plant import micros

    from anlan.apps.delivery.models import Message, Notice
    from anlan.apps.journal import services as journal
    from anlan.apps.obligations.models import Obligation

    sent = Notice.objects.filter(kind="notice", step=1).select_related("source").order_by("due_at", "pk")
    return {
        "sent": sorted([row.source.code, micros(row.due_at)] for row in sent if row.source is not None),
        "latest_s": max(((row.sent_at - row.due_at).total_seconds() for row in sent), default=0.0),
        "unmarked": [row.key for row in sent if row.is_late != bool(row.missed)],
        "further": Notice.objects.filter(kind="notice").exclude(step=1).count(),
        "waiting": Obligation.objects.filter(kind="notice", step=2, state="pending").count(),
        "messages": Message.objects.filter(notice__kind="notice").count(),
        "broken": list(journal.broken())[:5],
    }


def alarms() -> dict[str, int]:
    """How many alarms stand in each state, and whether somebody took note of them."""
    from anlan.apps.alarms.models import Alarm

    counts: dict[str, int] = {}
    for state_, seen in Alarm.objects.values_list("state", "acknowledged_at"):
        name = f"{state_}{' acknowledged' if seen else ''}"
        counts[name] = counts.get(name, 0) + 1
    return counts


def acknowledge(count: str) -> int:
    """Take note of so many active alarms through the service."""
    from anlan import now
    from anlan.apps.alarms import services as alarms_services
    from anlan.apps.alarms.models import Alarm
    from anlan.apps.org.access import owner_of
    from anlan.apps.org.actor import operator
    from anlan.apps.org.stand import at_the_machine

    wanted = Alarm.objects.filter(state="active", acknowledged_at__isnull=True).select_related("enterprise")
    wanted = list(wanted.order_by("pk")[: int(count)])
    by = {
        alarm.enterprise_id: at_the_machine(operator("test"), owner_of(alarm.enterprise), now.now()) for alarm in wanted
    }
    return alarms_services.acknowledge([alarm.pk for alarm in wanted], by=by, at=now.now())


def shelve(count: str) -> list[str]:
    """Shelve so many active alarms through the service; returns the keys of the alarms."""
    from anlan import now
    from anlan.apps.alarms.models import Alarm
    from anlan.apps.alarms.services.shelving import shelve as put_on_the_shelf
    from anlan.apps.org.access import owner_of
    from anlan.apps.org.actor import operator
    from anlan.apps.org.stand import at_the_machine

    at = now.now()
    rows = (
        Alarm.objects.filter(state="active")
        .select_related("enterprise", "point__enterprise__supervisor")
        .order_by("-pk")
    )
    wanted = list(rows[: int(count)])
    for alarm in wanted:
        by = at_the_machine(operator("test"), owner_of(alarm.enterprise), at)
        put_on_the_shelf(alarm.point, alarm.side, minutes=240, reason="示例：换表", by=by, at=at)
    return [alarm.pk for alarm in wanted]


def state() -> dict[str, list[str]]:
    """Every row of what a restart must not change, as text."""
    from django.apps import apps

    found: dict[str, list[str]] = {}
    for label in (
        "alarms.Alarm", "alarms.AlarmEvent", "alarms.Shelving", "gateways.OfflineSpell",
        "warnings.Warning", "warnings.LevelEpisode", "warnings.Told", "obligations.Obligation", "delivery.Notice",
        "delivery.Message",
        "delivery.Delivery", "findings.Finding", "journal.Chain",
    ):  # fmt: skip
        rows = apps.get_model(label)._base_manager.order_by("pk")
        if label == "journal.Chain":
            rows = rows.exclude(key="system")  # the auditor's own notes, not anybody's acts
        found[label] = [json.dumps(row, default=str, sort_keys=True) for row in rows.values()]
    return found


def signed(role: str) -> float:
    """The last sign of life of a role, in seconds since the epoch; 0.0: never."""
    from anlan.apps.obligations.services import signs_of

    return max((sign.at.timestamp() for sign in signs_of(role)), default=0.0)


def flood() -> dict[str, Any]:
    """What became of a flood: alarms, warnings with their first alarm, notices with their recipients, deliveries."""
    from anlan.apps.alarms.models import Alarm, AlarmEvent
    from anlan.apps.delivery.models import Delivery, Notice
    from anlan.apps.warnings.models import Warning

    notices = Notice.objects.order_by("pk").prefetch_related("messages")
    return {
        "alarms": Alarm.objects.count(),
        "points": Alarm.objects.values("point").distinct().count(),
        "raised": AlarmEvent.objects.filter(change="raised").count(),
        "warnings": [[row.level, row.first_out.get("point")] for row in Warning.objects.all()],
        "notices": [[row.kind, sorted(each.recipient for each in row.messages.all())] for row in notices],
        "titles": [row.title for row in notices],
        "deliveries": sorted(
            [row.message.notice.kind, row.message.recipient, row.channel, row.state]
            for row in Delivery.objects.select_related("message__notice")
        ),
    }


def refused() -> list[list[Any]]:
    """Everything in quarantine: gateway, reason, how often."""
    from anlan.apps.gateways.models import Quarantined

    return [list(row) for row in Quarantined.objects.values_list("gateway", "reason", "repeats")]


def hold(seconds: str) -> int:
    """Give every point that hold time for no data; returns how many points there are."""
    from anlan.apps.registry.models import Point

    return Point.objects.update(no_data_s=float(seconds))


def silent() -> dict[str, list[list[Any]]]:
    """Alarms for want of data by point: [silent since, raised at, changes], times in µs."""
    from tests.reliability.plant import micros

    from anlan.apps.alarms.models import Alarm

    found: dict[str, list[list[Any]]] = {}
    rows = Alarm.objects.filter(side="no_data").order_by("started_at", "pk").select_related("point")
    for alarm in rows.prefetch_related("events"):
        changes = [event.change for event in sorted(alarm.events.all(), key=lambda event: event.at)]
        found.setdefault(alarm.point.code, []).append([micros(alarm.started_at), micros(alarm.raised_at), changes])
    return found


def block() -> None:
    """Keep everybody else from writing an alarm until `unblock`."""
    from django.db import connection

    transaction.set_autocommit(False)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("LOCK TABLE alarms_alarm IN ACCESS EXCLUSIVE MODE")
        else:
            cursor.execute("UPDATE alarms_alarm SET level = level WHERE 0")


def unblock() -> None:
    """End what `block` began."""
    transaction.rollback()
    transaction.set_autocommit(True)


def reconnect() -> None:
    """Forget the connections to a database server that was stopped."""
    from django.db import connections

    connections.close_all()


def received(code: str, hours: str) -> list[list[int]]:
    """[sample time, receive time] in µs of a point's samples of the last hours, in order of sample time."""
    from anlan.apps.history.selectors import raw
    from anlan.apps.registry.models import Point

    end = datetime.now(UTC) + timedelta(minutes=10)
    found = raw(Point.objects.select_related("gateway").get(code=code), end - timedelta(hours=int(hours)), end)
    return [list(row) for row in zip(found.sampled_at_us.tolist(), found.received_at_us.tolist(), strict=True)]


def rival(code: str, key: str, like: str, point: str) -> None:
    """Register a further gateway in the enterprise of gateway ``like``, with one point of its own like that one's."""
    import hashlib

    from anlan.apps.registry.models import Gateway, Point

    first = Gateway.objects.get(code=like)
    made = Gateway.objects.create(
        code=code, enterprise=first.enterprise, key_sha256=hashlib.sha256(key.encode()).hexdigest()
    )
    own = Point.objects.filter(gateway=first).order_by("code")[0]
    own.pk, own.code, own.gateway, own.name = None, point, made, "另一网关的液位"
    own.save()


def seen_refusals(enterprise: str, county: str) -> list[list[list[Any]]]:
    """What of the quarantine the people of an enterprise see, and those of the county: gateway, reason, detail,
    how often."""
    from anlan.apps.gateways.models import Quarantined
    from anlan.apps.org.models import Agency
    from anlan.apps.org.scope import Scope
    from anlan.apps.registry.models import Enterprise

    own = Scope(enterprise_ids=(Enterprise.objects.get(code=enterprise).pk,))
    officer = Scope(agency_paths=(Agency.objects.get(code=county).path,))
    rows = [
        Quarantined.objects.visible_to(scope).order_by("gateway", "reason", "pk").values_list(
            "gateway", "reason", "detail", "repeats"
        )
        for scope in (own, officer)
    ]  # fmt: skip
    return [[list(row) for row in found] for found in rows]


def owners(role: str) -> dict[str, int]:
    """How many partitions each living engine (or historian) owns, by its name."""
    from anlan.apps.alarms.models import EnginePosition, EngineWorker
    from anlan.apps.history.models import HistorianWorker, Position
    from anlan.database import leases

    rows, workers, using = {
        "engine": (EnginePosition, EngineWorker, "default"),
        "historian": (Position, HistorianWorker, "history"),
    }[role]
    known = workers.objects.using(using).filter(expires_at__gt=leases.database_now(using))
    found = dict.fromkeys(known.values_list("name", flat=True), 0)
    for owner in rows.objects.using(using).filter(owner__in=list(found)).values_list("owner", flat=True):
        found[owner] += 1
    return found


def impatient(minutes: str, seconds: str) -> None:
    """A gateway is unreachable after so many minutes, and a point without data after so many seconds."""
    from anlan import now
    from anlan.apps.org.access import owner_of
    from anlan.apps.org.actor import operator
    from anlan.apps.org.models import Agency
    from anlan.apps.org.stand import at_the_machine
    from anlan.apps.registry.models import Point
    from anlan.apps.rulebook.services import refine
    from anlan.rules.calendar import civil_day
    from anlan.rules.rulebook import Override

    county = Agency.objects.by_the_machine().get(level="county")
    refine(
        county,
        Override("offline_minutes", int(minutes), county.code, civil_day(now.now()), document="示例局〔2026〕1号"),
        by=at_the_machine(operator("test"), owner_of(county), now.now()),
        at=now.now() - timedelta(days=1),
    )
    Point.objects.update(no_data_s=float(seconds))


def reach() -> dict[str, list[Any]]:
    """By gateway: whether it is online, its outages that are open, and its points' active no-data alarms."""
    from anlan.apps.alarms.models import Alarm
    from anlan.apps.gateways.models import GatewayLink, OfflineSpell

    found = {link.gateway.code: [link.online, 0, 0] for link in GatewayLink.objects.select_related("gateway")}
    for spell in OfflineSpell.objects.filter(ended_at__isnull=True).select_related("gateway"):
        found[spell.gateway.code][1] += 1
    for alarm in Alarm.objects.filter(side="no_data", state="active").select_related("point__gateway"):
        found.setdefault(alarm.point.gateway.code, [None, 0, 0])[2] += 1
    return found


QUESTIONS: dict[str, Callable[..., Any]] = {
    "build": build,
    "owners": owners,
    "impatient": impatient,
    "reach": reach,
    "burn": burn,
    "dump": dump,
    "refused": refused,
    "staff": staff,
    "burn_many": burn_many,
    "fired": fired,
    "alarms": alarms,
    "acknowledge": acknowledge,
    "shelve": shelve,
    "state": state,
    "signed": signed,
    "flood": flood,
    "hold": hold,
    "silent": silent,
    "block": block,
    "unblock": unblock,
    "reconnect": reconnect,
    "received": received,
    "rival": rival,
    "seen_refusals": seen_refusals,
}


def _question(name: str) -> Callable[..., Any]:
    """By its name above, or ``module:function`` of a test that asks what no other does."""
    module, _, function = name.rpartition(":")
    return getattr(importlib.import_module(module), function) if module else QUESTIONS[name]


def main() -> None:
    """Answer one question a line, as JSON lists, until the input ends."""
    django.start()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing else may write between the answers
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        answers.write(json.dumps(_question(name)(*arguments)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
