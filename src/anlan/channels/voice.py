"""Telephone calls: a voice gateway reads the letter out; a key that is pressed comes back as a report (已读)."""

from __future__ import annotations

from anlan.channels.base import Need
from anlan.channels.reports import read_settings
from anlan.channels.table import Table
from anlan.channels.template import TemplateChannel, from_table

BODY = {"phone": "{address}", "speech": "{title}。{body}请按任意键确认。", "id": "{id}", "level": "{level}"}


def build(table: Table) -> TemplateChannel:
    """``type = "voice"``: the body's ``speech`` is what is read out. Raises `ConfigError`."""
    reports = read_settings(table, delivered=("answered", "delivered"), read=("pressed", "confirmed", "read"))
    return from_table(table, title="语音电话", needs=Need.PHONE, body=BODY, reports=reports)
