"""A letter to whoever runs the platform, about the platform: past the outbox, because the outbox may be what is unwell.

Must never touch the database: it is called when that does not answer.
"""

from __future__ import annotations

from datetime import datetime

from anlan.apps.delivery.services.contact_order import outside
from anlan.channels import ChannelError, Letter, Need


def send_ops(channel: str, address: str, key: str, title: str, body: str, at: datetime) -> str:
    """Send one letter now; returns what went wrong in Chinese, empty when the channel took it.

    Ends within the channel's own timeout. The same ``key`` at every try.
    """
    found = outside().get(channel)
    if found is None:
        return f"没有渠道 {channel[:20]}"
    letter = Letter(
        key=key, to="运维", title=title, body=body, level="", kind="ops", sent_at=at,
        address="" if found.needs == Need.NOTHING else address,
    )  # fmt: skip
    try:
        found.send(letter)
    except ChannelError as failed:
        return str(failed) or "渠道未接收"
    return ""
