"""Text messages by the web interface of any gateway; the two big clouds have presets beside this file."""

from __future__ import annotations

from anlan.channels.base import Need
from anlan.channels.reports import read_settings
from anlan.channels.table import Table
from anlan.channels.template import TemplateChannel, from_table

BODY = {"phone": "{address}", "text": "{text}", "id": "{id}"}


def build(table: Table) -> TemplateChannel:
    """``type = "sms"``. Raises `ConfigError`."""
    reports = read_settings(table)
    return from_table(table, title="短信", needs=Need.PHONE, body=BODY, reports=reports)
