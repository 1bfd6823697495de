"""Delivery reports that providers post: proved by the channel's own secret, read as the channel's settings say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from anlan.apps.delivery.services.contact_order import outside
from anlan.apps.delivery.services.receipts import receive_receipt
from anlan.channels import ReportError


@dataclass(frozen=True, slots=True)
class Taken:
    """What to answer a provider: ``answer`` in its own words when every line was used, else the trouble in Chinese."""

    status: int
    answer: str = ""
    trouble: str = ""


def take_reports(channel: str, secret: str, content_type: str, body: bytes, now: datetime) -> Taken:
    """Use every line of a posted report; lines come in any order and more than once.

    404 for a channel without reports and for a wrong secret alike. 503 when a number is not known: it may be that of a
    letter whose sending is not recorded yet, so the provider should post again; what was known has been used.
    """
    found = outside().get(channel)
    if found is None or found.reports is None or not found.reports.proves(secret):
        return Taken(404, trouble="没有这个渠道，或密钥不对")
    try:
        lines = found.reports.read_all(content_type, body)
    except ReportError as error:
        return Taken(422, trouble=f"{error}，没有采用")
    unknown = 0
    for line in lines:
        known = receive_receipt(
            channel, line.provider_id, line.state, line.at or now,
            error=line.error, bad_address=line.bad_address, received_at=now,
        )  # fmt: skip
        unknown += not known
    if unknown:
        return Taken(503, trouble=f"{unknown} 条回执的编号不认识，请再送；其余 {len(lines) - unknown} 条已采用")
    return Taken(200, found.reports.answer)
