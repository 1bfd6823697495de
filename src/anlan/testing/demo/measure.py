"""What ``anlan demo --once`` looks for: a live value, an alarm, a warning, its recipients, and a step of a clock.

Counts come from the database and the engine, as a person would see them; warnings that were loaded do not count as
warnings raised, but steps that fall due on them count as notices.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from anlan import now

STEPS = ("notice", "site_order")


@dataclass
class Figures:
    """The one JSON object that is printed. Seconds count from the call of the command."""

    seconds_to_first_value: float | None = None
    points: int = 0
    samples_per_second: float = 0.0
    alarms: int = 0
    warnings: int = 0
    notices: int = 0
    recipients: int = 0
    seconds: float = 0.0

    @property
    def lacking(self) -> list[str]:
        """What has not been seen yet, in Chinese."""
        wanted = {
            "实时值": self.seconds_to_first_value is not None,
            "报警": self.alarms > 0,
            "预警": self.warnings > 0,
            "接收人": self.recipients > 0,
            "时钟到期的通报": self.notices > 0,
            "采样速率": self.samples_per_second > 0,
        }
        return [name for name, seen in wanted.items() if not seen]

    def as_json(self) -> dict[str, float | int | None]:
        return {key: round(value, 2) if isinstance(value, float) else value for key, value in asdict(self).items()}


def watch(started: float, since: datetime, timeout: float, tell: Callable[[str], None]) -> Figures:
    """Look until everything has been seen, or for ``timeout`` seconds nothing new has; ``tell`` hears what is lacking.

    Seconds count from ``started`` (monotonic).
    """
    figures, pause = Figures(), threading.Event()
    seen: tuple[int, tuple[str, ...]] | None = None
    new_at = now.monotonic()
    while True:
        _look(figures, started, since)
        figures.seconds = now.monotonic() - started
        lacking = tuple(figures.lacking)
        if not lacking:
            return figures
        if seen is None or lacking != seen[1]:
            tell(f"等待 {'、'.join(lacking)}")
        if (figures.points, lacking) != seen:
            seen, new_at = (figures.points, lacking), now.monotonic()
        if now.monotonic() - new_at > timeout:
            return figures
        pause.wait(0.25)


def _look(figures: Figures, started: float, since: datetime) -> None:
    from django.db.models import Sum

    from anlan.apps.alarms.models import Alarm
    from anlan.apps.delivery.models import Message, Notice
    from anlan.apps.gateways.selectors import live
    from anlan.apps.history.models import Block
    from anlan.apps.registry.models import Point
    from anlan.apps.warnings.models import Origin, Warning

    codes = list(Point.objects.by_the_machine().values_list("code", flat=True))
    values = live(codes).values
    figures.points = sum(1 for value in values.values() if value.value is not None)
    if figures.points and figures.seconds_to_first_value is None:
        figures.seconds_to_first_value = now.monotonic() - started
    figures.alarms = Alarm.objects.by_the_machine().filter(detected_at__gte=since).count()
    raised = Warning.objects.by_the_machine().filter(opened_at__gte=since).exclude(origin=Origin.LOADED)
    figures.warnings = raised.count()
    sent = Notice.objects.by_the_machine().filter(sent_at__gte=since)
    figures.notices = sent.filter(kind__in=STEPS).count()
    reached = Message.objects.by_the_machine().filter(notice__in=sent.values("pk"))
    figures.recipients = reached.values("recipient").distinct().count()
    if figures.seconds_to_first_value is not None:
        stored = Block.objects.aggregate(total=Sum("samples"))["total"] or 0
        span = now.monotonic() - started - figures.seconds_to_first_value
        figures.samples_per_second = stored / span if span > 1 and stored else 0.0
