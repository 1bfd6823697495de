"""Takes one message in: once, with its place among earlier and later ones; or keeps it apart with the reason.

Repeats are answered alike and change nothing. One transaction under the lock of the home agency's chain, so that two
copies that come together make one row. Nobody is notified: no article names a recipient of other systems' alerts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from anlan.apps.delivery import services as delivery
from anlan.apps.external import cap
from anlan.apps.external.models import (
    AlertArea,
    AlertReference,
    AlertSender,
    AlertState,
    ExternalAlert,
    RefusedAlert,
    region_prefix,
)
from anlan.apps.external.services.senders import chain_of
from anlan.apps.journal import services as journal

EARLY = timedelta(minutes=5)
"""How far a sender's clock may be ahead of ours (本地设定)."""
TAKEN, REFUSED = "external_alert_taken", "external_alert_refused"
KEPT_OF_REFUSED = 4000
LONGEST = {"identifier": 120, "sender": 120}


@dataclass(frozen=True, slots=True)
class TakenAlert:
    """What became of a message: ``taken``, ``known`` (a repetition) or ``refused`` with the reason in Chinese."""

    result: str
    identifier: str = ""
    reason: str = ""


def take(sender: AlertSender, document: bytes, now: datetime) -> TakenAlert:
    """Take one message of a sender that has proved itself. Never raises for what stands in the document."""
    try:
        alert = cap.read(document)
        areas = _judge(sender, alert, now)
    except cap.Unreadable as error:
        return _refuse(sender, document, str(error), now)
    return _keep(sender, alert, areas, document, now)


def _judge(sender: AlertSender, alert: cap.Alert, now: datetime) -> list[tuple[str, str]]:
    """Code and prefix of the divisions that the alert is for. Raises `cap.Unreadable` with the reason of a refusal."""
    if alert.message not in ("Alert", "Update", "Cancel"):
        raise cap.Unreadable(_("msgType 为 %(word)s 的不是预警") % {"word": alert.message})
    if alert.status in ("Draft", "System"):
        raise cap.Unreadable(_("status 为 %(word)s 的不予收存") % {"word": alert.status})
    if alert.sent > now + EARLY:
        raise cap.Unreadable(_("发布时间晚于当前时间"))
    named = [("identifier", alert.identifier), ("sender", alert.sender)]
    for each in alert.references:
        named += [("identifier", each.identifier), ("sender", each.sender)]
    for name, value in named:
        if len(value) > LONGEST[name]:
            raise cap.Unreadable(_("%(name)s 超过 %(most)d 个字符") % {"name": name, "most": LONGEST[name]})
    if alert.info is None and alert.message != "Cancel":
        raise cap.Unreadable(_("没有 info，不知道是什么预警"))
    home = sender.agency.region.code if sender.agency.region else "000000"
    codes = list(dict.fromkeys(_codes(alert.infos))) or [home]
    areas = []
    for code in codes:
        try:
            prefix = region_prefix(code)
        except ValueError:
            raise cap.Unreadable(_("“%(code)s”不是行政区划代码") % {"code": code[:40]}) from None
        if not prefix.startswith(region_prefix(home)):
            raise cap.Unreadable(_("区划 %(code)s 不在发送方登记的辖区内") % {"code": code})
        areas.append((code, prefix))
    return areas


def _codes(infos: Iterable[cap.Info]) -> Iterable[str]:
    """Codes of GB/T 2260 of all areas; other ways of naming an area are left to the reader."""
    for info in infos:
        for area in info.areas:
            for name, value in area.geocodes:
                if "2260" in name or "行政区划" in name:
                    yield value.strip()


@transaction.atomic
def _keep(
    sender: AlertSender, alert: cap.Alert, areas: list[tuple[str, str]], document: bytes, now: datetime
) -> TakenAlert:
    journal.hold([chain_of(sender.agency)])
    mine = ExternalAlert.objects.by_the_machine().filter(origin=sender)
    if mine.filter(cap_sender=alert.sender, identifier=alert.identifier).exists():
        return TakenAlert("known", alert.identifier)
    referred = Q(pk__in=[])
    for each in alert.references:
        referred |= Q(cap_sender=each.sender, identifier=each.identifier)
    earlier = mine.filter(referred)
    said = alert.info or _silence(earlier.first())
    row = ExternalAlert.objects.create(
        origin=sender,
        cap_sender=alert.sender,
        identifier=alert.identifier,
        sent_at=alert.sent,
        received_at=now,
        status=alert.status,
        message=alert.message,
        state=_state(mine, alert),
        event=said.event[:120],
        urgency=said.urgency,
        severity=said.severity,
        certainty=said.certainty,
        sender_name=said.sender_name[:120],
        headline=said.headline[:200],
        area=("、".join(dict.fromkeys(area.name for area in said.areas)) or "、".join(code for code, _p in areas))[
            :300
        ],
        onset_at=said.onset,
        expires_at=said.expires,
        document=_words(document),
    )
    AlertArea.objects.bulk_create(AlertArea(alert=row, code=code, prefix=prefix) for code, prefix in areas)
    AlertReference.objects.bulk_create(
        AlertReference(alert=row, cap_sender=each.sender, identifier=each.identifier) for each in alert.references
    )
    _settle(earlier, AlertState.CANCELLED if alert.message == "Cancel" else AlertState.UPDATED)
    after = {"identifier": alert.identifier, "message": alert.message, "event": row.event, "severity": row.severity}
    journal.record(
        chain_of(sender.agency), TAKEN, at=now, actor=f"sender:{sender.code}", subject=f"external_alert:{row.pk}",
        after=after | {"sha256": hashlib.sha256(document).hexdigest()},
    )  # fmt: skip
    delivery.hint("external", "all")
    return TakenAlert("taken", alert.identifier)


def _silence(earlier: ExternalAlert | None) -> cap.Info:
    """What a cancellation without words says: that of which it is the end."""
    if earlier is None:
        return cap.Info("zh-CN", (), "", "Unknown", "Unknown", "Unknown", headline="")
    return cap.Info(
        "zh-CN", (), earlier.event, "Past", earlier.severity, earlier.certainty,
        sender_name=earlier.sender_name, headline=earlier.headline, areas=(cap.Area(earlier.area),),
    )  # fmt: skip


def _state(mine: QuerySet[ExternalAlert], alert: cap.Alert) -> AlertState:
    """Current, unless it ends another, or a later message that refers to it came first."""
    if alert.message == "Cancel":
        return AlertState.ENDING
    later = AlertReference.objects.filter(
        alert__in=mine.values("pk"),
        cap_sender=alert.sender,
        identifier=alert.identifier,
    )
    words = set(later.values_list("alert__message", flat=True))
    if "Cancel" in words:
        return AlertState.CANCELLED
    return AlertState.UPDATED if words else AlertState.CURRENT


def _settle(earlier: QuerySet[ExternalAlert], state: AlertState) -> None:
    """Mark what a newer message replaces; a cancellation weighs more than an update, whichever came first."""
    rows = earlier.exclude(state__in=[AlertState.ENDING, AlertState.CANCELLED])
    rows.update(state=state)


def _words(document: bytes) -> str:
    """A document as text that every database keeps."""
    coding = "utf-16" if document[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    return document.decode(coding, "replace").replace("\x00", "�")


@transaction.atomic
def _refuse(sender: AlertSender, document: bytes, reason: str, now: datetime) -> TakenAlert:
    """Keep the beginning of a refused document and the reason; the same document again is counted, not kept twice."""
    chain = chain_of(sender.agency)
    journal.hold([chain])
    digest = hashlib.sha256(document).hexdigest()
    known = RefusedAlert.objects.by_the_machine().filter(origin=sender, digest=digest)
    if not known.update(repeats=F("repeats") + 1, received_at=now, reason=reason[:300]):
        excerpt = _words(document)[:KEPT_OF_REFUSED]
        row = RefusedAlert.objects.create(
            origin=sender, received_at=now, reason=reason[:300], excerpt=excerpt, size=len(document), digest=digest
        )
        journal.record(
            chain, REFUSED, at=now, actor=f"sender:{sender.code}", subject=f"refused_alert:{row.pk}",
            after={"reason": reason[:300], "sha256": digest},
        )  # fmt: skip
    return TakenAlert("refused", reason=reason)
