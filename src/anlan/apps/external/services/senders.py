"""Who may hand in alerts: registered by an agency for its division, proved by a key of which the hash is kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.external.models import AlertSender
from anlan.apps.journal import services as journal
from anlan.apps.org import selectors as org
from anlan.apps.org.actor import SYSTEM, Actor
from anlan.apps.org.models import Agency, AgencyLevel

REGISTERED, NEW_KEY, STOPPED = "alert_sender_registered", "alert_sender_new_key", "alert_sender_stopped"


class Unknown(ValueError):
    """What was asked for cannot be registered. The message is Chinese."""


@transaction.atomic
def register(code: str, name: str, agency_code: str, *, now: datetime, by: Actor = SYSTEM) -> str:
    """Register a sender, or give a registered one a new key and take it into use; returns the key, shown this once.

    Raises `Unknown` when there is no such agency, when the agency has no division, or when the sender is another's.
    """
    agency = next(iter(org.agencies(codes=[agency_code])), None)
    if agency is None:
        raise Unknown(_("没有代号为 %(code)s 的机构") % {"code": agency_code})
    if agency.region_id is None and agency.level != AgencyLevel.MINISTRY:
        raise Unknown(_("%(name)s没有登记行政区划，无法判断预警是否在其辖区") % {"name": agency.name})
    journal.hold([chain_of(agency)])
    key = secrets.token_urlsafe(32)
    digest = hashlib.sha256(key.encode()).hexdigest()
    sender, made = AlertSender.objects.by_the_machine().get_or_create(
        code=code, defaults={"name": name or code, "agency": agency, "key_sha256": digest, "registered_at": now}
    )
    if sender.agency_id != agency.pk:
        raise Unknown(_("发送方 %(code)s 已由别的机构登记") % {"code": code})
    if not made:
        sender.key_sha256, sender.is_active, sender.name = digest, True, name or sender.name
        sender.save(update_fields=["key_sha256", "is_active", "name"])
    act, after = (REGISTERED if made else NEW_KEY), {"code": code, "name": sender.name}
    journal.record(chain_of(agency), act, at=now, actor=by.id, subject=f"alert_sender:{code}", after=after)
    return key


@transaction.atomic
def stop(code: str, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Take no more alerts from a sender; a repeat changes nothing. Raises `Unknown`."""
    sender = AlertSender.objects.by_the_machine().select_related("agency").filter(code=code).first()
    if sender is None:
        raise Unknown(_("没有发送方 %(code)s") % {"code": code})
    journal.hold([chain_of(sender.agency)])
    if AlertSender.objects.by_the_machine().filter(pk=sender.pk, is_active=True).update(is_active=False):
        journal.record(chain_of(sender.agency), STOPPED, at=now, actor=by.id, subject=f"alert_sender:{code}")


def known(authorization: str) -> AlertSender | None:
    """The sender in use behind an ``Authorization: Basic`` header; None when it proves nothing."""
    scheme, _blank, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        code, found, key = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:  # no ASCII, no base64, or no text in it
        return None
    if not code.isprintable():  # no sender bears such a code, and PostgreSQL takes no NUL
        return None
    sender = AlertSender.objects.by_the_machine().select_related("agency__region").filter(code=code).first()
    kept = sender.key_sha256 if sender else "0" * 64
    proved = hmac.compare_digest(hashlib.sha256(key.encode()).hexdigest(), kept)
    return sender if sender and found and proved and sender.is_active else None


def chain_of(agency: Agency) -> str:
    """The journal chain of what an agency's senders do."""
    return f"agency:{agency.code}"
