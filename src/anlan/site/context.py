"""What every page of the shell needs: the instant, whose view it is, the navigation with its counts.

Counted per request with a fixed number of queries. Pages that do not exist (an address that does not resolve) are left
out of the navigation, so nothing is promised that cannot be opened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from anlan import now as clock
from anlan.apps.accounts.selectors import register_scope
from anlan.apps.monitoring.selectors import UNCLEARED, announced
from anlan.apps.org.models import Agency
from anlan.apps.registry.models import Enterprise
from anlan.apps.warnings.models import Warning
from anlan.rules import calendar
from anlan.site.templatetags.anlan import epoch_ms
from anlan.site.todo.asked import asked_of

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

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.scope = request.scope  # type: ignore[attr-defined]

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
        return _address("search") or "/"

    @property
    def date_words(self) -> str:
        today = calendar.civil_day(clock.now())
        day = _("%(m)d月%(d)d日") % {"m": today.month, "d": today.day}
        return f"{day} {WEEKDAYS[today.weekday()]}"

    @property
    def figures(self) -> dict[str, int]:
        """The counts of the navigation that change while a page stands open, by the name of the page they lead to."""
        return {"warnings": self.open_warnings, "alarms": self.uncleared_alarms, "todo": self.asked}

    def _item(self, title: str, name: str, count: int | None = None) -> Item | None:
        url = _address(name)
        if url is None:
            return None
        path = self.request.path
        return Item(title, url, path == url or (url != "/" and path.startswith(url)), count, name)

    @property
    def may_register(self) -> bool:
        """Whether the person administers anything."""
        return bool(register_scope(self.request.user, clock.now()))

    @cached_property
    def navigation(self) -> list[Group]:
        watch = [
            self._item(_("总览"), "overview"),
            self._item(_("预警"), "warnings", self.open_warnings),
            self._item(_("报警"), "alarms", self.uncleared_alarms),
            self._item(_("企业"), "enterprises", self.enterprises),
            self._item(_("测点"), "points"),
            self._item(_("我的待办"), "todo", self.asked),
            self._item(_("问题"), "findings"),
            self._item(_("统计"), "statistics"),
        ]
        rest = [
            self._item(_("外部预警"), "external"),
            self._item(_("值守大屏"), "wall"),
            self._item(_("推演"), "drills"),
            self._item(_("登记"), "register") if self.may_register else None,
            self._item(_("规则库"), "rulebook"),
            self._item(_("运行状态"), "operations"),
        ]
        groups = [Group("", [i for i in watch if i]), Group(_("系统"), [i for i in rest if i])]
        return [group for group in groups if group.items]

    @property
    def tabs(self) -> list[Item]:
        """The bar at the thumb on a phone."""
        first = self._item(_("待办"), "todo", self.asked) if self.is_enterprise else self._item(_("总览"), "overview")
        rest = [
            self._item(_("预警"), "warnings", self.open_warnings),
            self._item(_("报警"), "alarms", self.uncleared_alarms),
            self._item(_("企业"), "enterprises"),
        ]
        return [item for item in [first, *rest] if item]

    @property
    def more(self) -> list[Item]:
        """What the bar at the thumb has no room for."""
        shown = {item.url for item in self.tabs}
        return [item for group in self.navigation for item in group.items if item.url not in shown]


def _address(name: str) -> str | None:
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def shell(request: HttpRequest) -> dict[str, Any]:
    """``now`` (one instant for the whole page), ``now_ms`` for the browser, ``scope`` and ``shell``. There is no
    shell for those who must make a password of their own first: nothing in it would open, nor the live line."""
    now = clock.now()
    values: dict[str, Any] = {"now": now, "now_ms": epoch_ms(now), "scope": getattr(request, "scope", None)}
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated and not user.password_is_first and hasattr(request, "scope"):
        values["shell"] = Shell(request)
    return values
