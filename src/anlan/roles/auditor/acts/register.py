"""Limits, gateway keys, grants and operators beside the acts that set them."""

from __future__ import annotations

from collections.abc import Iterator

from anlan.apps.accounts.models import Grant
from anlan.apps.journal.models import Entry
from anlan.apps.registry import services as registry
from anlan.apps.registry.models import Enterprise, Gateway, Point
from anlan.roles.auditor.acts import baseline
from anlan.roles.auditor.acts.baseline import GRANTS_STOOD, INSTALLATION, operators
from anlan.roles.auditor.acts.domain import Difference, acts_of, newest_of
from anlan.roles.auditor.acts.states import kept


class Register:
    """Points and gateways of each enterprise; numbered by the enterprise's key."""

    name = "enterprise"
    at_once = 5

    def newest(self) -> int:
        return Enterprise._base_manager.order_by("-pk").values_list("pk", flat=True).first() or 0

    def compare(self, first: int, last: int) -> Iterator[Difference]:
        for enterprise in Enterprise._base_manager.filter(pk__gte=first, pk__lte=last).order_by("pk"):
            for words in _of(enterprise):
                yield Difference(enterprise.pk, f"enterprise:{enterprise.code}", f"{enterprise.name} {words}")


def _of(enterprise: Enterprise) -> Iterator[str]:
    points = {row.code: row for row in Point._base_manager.filter(enterprise=enterprise)}
    gateways = dict(Gateway._base_manager.filter(enterprise=enterprise).values_list("code", "key_sha256"))
    groups = [f"register:{enterprise.code}", f"points:{enterprise.code}"]
    said_limits: dict[str, str] = {}
    said_keys: dict[str, str] = {}
    begun = False
    entries = [
        *Entry.objects.filter(subject__in=groups),
        *(act for start in range(0, len(points), 500)
          for acts in acts_of(list(points)[start : start + 500]).values() for act in acts),
        *(act for acts in acts_of(list(gateways)).values() for act in acts),
    ]  # fmt: skip
    for act in sorted(entries, key=lambda entry: entry.pk):
        match act.act:
            case baseline.REGISTER_STOOD:
                begun = True
                said_limits |= act.said["points"]
                said_keys |= act.said["gateways"]
            case registry.LIMITS_REGISTERED:
                said_limits |= act.said
            case "point_registered" | "limits_changed":
                said_limits[act.subject] = registry.limits_mark(act.said)
            case registry.KEY_ISSUED if act.after:
                said_keys[act.subject] = act.said["key"]
    marks = {code: registry.limits_mark(registry.limits_of(point)) for code, point in points.items()}
    keys = {code: registry.key_mark(key) for code, key in gateways.items()}
    for what, said, there in (("限值", said_limits, marks), ("网关密钥", said_keys, keys)):
        for code in sorted(said.keys() - there.keys()):
            yield f"{code} 已不在，记录中有它的{what}"
        for code, mark in there.items():
            if code in said and said[code] != mark:
                yield f"{code} 的{what}与最近一次记录不符"
            elif begun and code not in said:
                yield f"{code} 的{what}没有记录"


class Grants:
    """Who may do what; numbered by the grant's key. The operators are looked at with the first."""

    name = "grant"
    at_once = 200

    def newest(self) -> int:
        return max(1, newest_of(Grant, "grant"))  # the operators are looked at also where nobody has a role

    def compare(self, first: int, last: int) -> Iterator[Difference]:
        stood = Entry.objects.filter(subject="grants", act=GRANTS_STOOD).order_by("pk").first()
        if stood is None:
            return
        if first <= 1:
            yield from _operators(stood)
        numbers = range(first, last + 1)
        acts = acts_of([f"grant:{number}" for number in numbers])
        rows = {row.pk: row for row in Grant.objects.filter(pk__in=numbers).select_related("user")}
        for number in numbers:
            is_ = stood.said["grants"].get(str(number))
            for act in acts[f"grant:{number}"]:
                is_ = act.said["is"]
            row = rows.get(number)
            if row is None:
                if is_ is not None:
                    yield Difference(number, INSTALLATION, f"角色（第 {number} 号）已不在，记录中有它")
            elif is_ is None:
                words = f"{row.user.username} 的角色“{row.get_role_display()}”没有授予的记录"
                yield Difference(number, INSTALLATION, words)
            else:
                for words in kept(row, is_):
                    yield Difference(number, INSTALLATION, f"{row.user.username} 的角色：{words}")


def _operators(stood: Entry) -> Iterator[Difference]:
    new = [name for name in operators() if name not in stood.said["operators"]]
    acts = acts_of([f"user:{name}" for name in new])
    for name in new:
        if not any(act.act == "operator_added" for act in acts[f"user:{name}"]):
            yield Difference(1, INSTALLATION, f"系统管理员 {name} 没有设立的记录")
