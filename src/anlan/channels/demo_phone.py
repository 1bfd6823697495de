"""A telephone on a page, for demonstrations and training: nothing leaves the platform, the page shows what would have.

Must never be mistaken for a way to people: its title says so wherever a delivery by it is shown.
"""

from __future__ import annotations

from anlan.channels.base import Channel, Letter, Need, PermanentError, Receipt
from anlan.channels.table import Table


class DemoPhone(Channel):
    """Takes every letter to a number; what it took is shown from the outbox's own rows."""

    needs = Need.PHONE
    shown = True

    def __init__(self, table: Table) -> None:
        """``type = "demo_phone"``. Raises `ConfigError`."""
        self.name, self.title = table.name, f"{table.text('title', '演示手机')}（不外发）"
        table.done()

    def send(self, letter: Letter) -> Receipt | None:
        """Take it at once: it stands on the page."""
        if not letter.address:
            raise PermanentError("没有号码")
        return Receipt(delivered=True)
