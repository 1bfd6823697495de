"""What every page of the shell needs: the instant, whose view it is, the navigation with its counts.

Counted per request with a fixed number of queries. The navigation is what the sections bring along.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.accounts.selectors import register_scope
from anlan.apps.alarms.selectors import UNCLEARED, announced
from anlan.apps.org.models import Agency
from anlan.apps.registry.models import Enterprise
from anlan.apps.warnings.models import Warning
from anlan.components.templatetags.anlan import epoch_ms
from anlan.pages.section import SYSTEM, Section, sections
from anlan.pages.todo.asked import asked_of
from anlan.rules import calendar

WEEKDAYS = (_lazy("周一"), _lazy("周二"), _lazy("周三"), _lazy("周四"), _lazy("周五"), _lazy("周六"), _lazy("周日"))


@dataclass
class Item:
    """One entry of the navigation. ``count`` None shows no figure; ``figure`` is its name in `Shell.figures`, by which
    the open page keeps it up to date."""

    title: str
    url: str
    current: bool = False
    count: int | None = None
    figure: str = ""


@dataclass
class Group:
    title: str
    items: list[Item] = field(default_factory=list)


class Shell:
    """Lazily read parts of the frame; a fragment that shows no frame costs no query."""

    def __init__(self, request: PersonRequest) -> None:
        self.request = request
        self.scope = request.scope

    @cached_property
    def _units(self) -> list[str]:
        scope = self.scope
        if scope.everything:
            return [_("全部单位")]
        names = [a.name for a in Agency.objects.visible_to(scope).filter(path__in=scope.agency_paths)]
        if scope.enterprise_ids:
            mine = Enterprise.objects.visible_to(scope).filter(pk__in=scope.enterprise_ids)
            names += [enterprise.name for enterprise in mine]
        return names

    @property
    def unit(self) -> str:
        """Names of the units whose view this is."""
        return "、".join(self._units[:2]) + ("…" if len(self._units) > 2 else "")

    @cached_property
    def enterprises(self) -> int:
        return Enterprise.objects.visible_to(self.scope).filter(is_active=True).count()

    @property
    def reach(self) -> str:
        if self.is_enterprise:
            return ""
        return _("%(n)d 家企业") % {"n": self.enterprises}

    @property
    def is_enterprise(self) -> bool:
        """Whether the person looks from inside an enterprise and not from an agency."""
        return self.scope.is_enterprise

    @cached_property
    def open_warnings(self) -> int:
        return Warning.objects.visible_to(self.scope).filter(cleared_at__isnull=True).count()

    @cached_property
    def uncleared_alarms(self) -> int:
        """未消警, as the overview counts them."""
        return announced(self.scope, UNCLEARED, clock.now()).count()

    @cached_property
    def asked(self) -> int:
        """How many things wait for this person: the figure of 我的待办."""
        return asked_of(self.request.user, self.scope, clock.now()).number

    @property
    def search_url(self) -> str:
        return reverse("search")

    @property
    def date_words(self) -> str:
        today = calendar.civil_day(clock.now())
        day = _("%(m)d月%(d)d日") % {"m": today.month, "d": today.day}
        return f"{day} {WEEKDAYS[today.weekday()]}"

    @property
    def figures(self) -> dict[str, int]:
        """The counts of the navigation that change while a page stands open, by the name of the page they lead to."""
        return {each.name: each.count(self) for each in sections() if each.is_live and each.count}

    def _item(self, section: Section, title: str = "") -> Item:
        url, path = reverse(section.name), self.request.path
        is_current = path == url or (url != "/" and path.startswith(url))
        count = section.count(self) if section.count is not None else None
        return Item(title or str(section.title), url, is_current, count, section.name)

    @property
    def may_register(self) -> bool:
        """Whether the person administers anything."""
        return bool(register_scope(self.request.user, clock.now()))

    @cached_property
    def navigation(self) -> list[Group]:
        shown = [each for each in sections() if each.title and each.is_shown(self)]
        groups = [
            Group("", [self._item(each) for each in shown if each.order < SYSTEM]),
            Group(_("系统"), [self._item(each) for each in shown if each.order >= SYSTEM]),
        ]
        return [group for group in groups if group.items]

    @property
    def tabs(self) -> list[Item]:
        """The bar at the thumb on a phone."""
        known = {each.name: each for each in sections()}
        first = self._item(known["todo"], _("待办")) if self.is_enterprise else self._item(known["overview"])
        return [first, *(self._item(known[name]) for name in ("warnings", "alarms", "enterprises"))]

    @property
    def more(self) -> list[Item]:
        """What the bar at the thumb has no room for."""
        shown = {item.url for item in self.tabs}
        return [item for group in self.navigation for item in group.items if item.url not in shown]


def shell(request: PersonRequest) -> dict[str, Any]:
    """``now`` (one instant for the whole page), ``now_ms`` for the browser, ``scope`` and ``shell``. There is no
    shell for those who must make a password of their own first: nothing in it would open, nor the live line."""
    now = clock.now()
    values: dict[str, Any] = {"now": now, "now_ms": epoch_ms(now), "scope": getattr(request, "scope", None)}
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated and not user.password_is_first and hasattr(request, "scope"):
        values["shell"] = Shell(request)
    return values
