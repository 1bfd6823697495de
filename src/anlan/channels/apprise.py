"""Reaches people through any of the hundred services that Apprise knows, for which there is no file of our own.

Apprise says only that a service did or did not take a letter: no number for receipts, no telling whether a refusal is
for good. So it serves broadcasts alone. Its addresses may hold secrets: they never appear in an error text.
"""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import apprise

from anlan.channels.base import Channel, ChannelError, Letter
from anlan.channels.http import Wire
from anlan.channels.letters import whole_text
from anlan.channels.table import Table
from anlan.config import ConfigError

_TYPES = {"red": apprise.NotifyType.FAILURE, "orange": apprise.NotifyType.WARNING}


class AppriseChannel(Channel):
    """Sends to all of one or more Apprise addresses, separated by blanks. A letter counts as sent when all took it."""

    def __init__(
        self, addresses: str, timeout_s: float = 10.0, name: str = "apprise", setting: str = "apprise_urls"
    ) -> None:
        """Raises `ConfigError` when an address is of no service that Apprise knows."""
        self.name, self.timeout_s, self.title = name, timeout_s, "Apprise"
        parts = {part for address in addresses.split() for part in re.split(r"[/:@?&=]+", address)[1:]}
        self._wire = Wire(secrets=tuple(part for part in parts if len(part) >= 6))
        self._target = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Anlan", app_desc="安澜"))
        with warnings.catch_warnings():
            # Apprise loads all its plug-ins at the first address; some use parts of Python that are about to go.
            warnings.simplefilter("ignore", DeprecationWarning)
            for place, address in enumerate(addresses.split(), 1):
                joint = "&" if "?" in address else "?"
                if not self._target.add(f"{address}{joint}cto={timeout_s:g}&rto={timeout_s:g}&redirect=no"):
                    raise ConfigError(f"设置 {setting} 的第 {place} 个地址无法识别")

    def __len__(self) -> int:
        return len(self._target)

    def send(self, letter: Letter) -> None:
        """Send to every address; `ChannelError` when one did not take it (all are tried again then)."""
        with _complaints() as said:
            taken = self._target.notify(
                title=letter.title,
                body=f"{whole_text(letter)}\n（编号 {letter.key}）",
                notify_type=_TYPES.get(letter.level, apprise.NotifyType.INFO),
            )
        if not taken:
            raise ChannelError("外部通道未接收" + (f"：{self._wire.clean(said[-1])}" if said else ""))


def build(table: Table) -> AppriseChannel:
    """``type = "apprise"`` with ``urls``, a list of Apprise addresses. Raises `ConfigError`."""
    urls = table.texts("urls")
    if not urls:
        raise table.refuse("urls", "没有填写")
    timeout_s, title, rate = table.timeout_s(), table.text("title", "Apprise"), table.rate()
    table.done()
    made = AppriseChannel(" ".join(urls), timeout_s, table.name, f"channels.{table.name}.urls")
    made.title, made.rate = title, rate
    return made


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What Apprise logs while it sends: its only account of why a service did not take a letter."""
    said: list[str] = []
    mine = threading.get_ident()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == mine:  # several letters are under way at the same time
                said.append(record.getMessage())

    listener = Listener(logging.WARNING)
    logger = logging.getLogger("apprise")
    logger.addHandler(listener)
    try:
        yield said
    finally:
        logger.removeHandler(listener)
