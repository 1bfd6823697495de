"""Another system: a POST of JSON, signed, with a key under which a repetition can be told.

``Anlan-Signature`` is the hexadecimal HMAC-SHA256 of ``<Anlan-Timestamp>.<body>`` under the shared secret.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

import msgspec

from anlan.channels.base import Channel, ChannelError, Letter, Need, PermanentError, Receipt, RecipientError
from anlan.channels.letters import as_dict, header_key
from anlan.channels.reports import dig, read_settings
from anlan.channels.table import Table
from anlan.now import now_us


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """What the receiver computes to see that the letter is ours and fresh."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


class Webhook(Channel):
    """To one address of the settings, or to each recipient's own address within the hosts that are allowed."""

    def __init__(self, table: Table) -> None:
        """``type = "webhook"``. Raises `ConfigError`."""
        self._url = table.url("url", "")
        self._hosts = frozenset(table.texts("allowed_hosts"))
        self._secret = table.text("secret", secret=True)
        if len(self._secret) < 16:
            raise table.refuse("secret", "太短，至少 16 个字符")
        if bool(self._url) == bool(self._hosts):
            raise table.refuse("url", "与 allowed_hosts 应填且只填一个：固定的地址，或联系人自己的地址所允许的主机")
        self.needs = Need.NOTHING if self._url else Need.URL
        self.reports = read_settings(table)
        headers = table.table("headers", secret=True)
        self._headers = {str(name): str(value) for name, value in headers.items()}
        self.name, self.title, self.rate = table.name, table.text("title", "业务系统接口"), table.rate()
        self._wire = table.wire()
        self.timeout_s = self._wire.timeout_s
        table.done()

    def send(self, letter: Letter) -> Receipt | None:
        """One POST; 409 means that the receiver has had it. ``id`` of a JSON answer is the number for reports."""
        body = msgspec.json.encode(as_dict(letter))
        timestamp = now_us() // 1_000_000
        headers = self._headers | {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": header_key(letter),
            "Anlan-Timestamp": str(timestamp),
            "Anlan-Signature": signature(self._secret, timestamp, body),
        }
        own = "" if self._url else self._allowed(letter.address)
        try:
            answer = self._wire.exchange("POST", self._url or own, headers, body)
            if answer.status != 409:
                self._wire.judge(answer)
        except ChannelError as error:
            if own:  # that server is the recipient's alone: others have theirs
                raise RecipientError(str(error), error.retry_after) from None
            raise
        return Receipt(dig(answer.json(), ("id",)), delivered=True)

    def _allowed(self, address: str) -> str:
        """The recipient's own address when its host is one of the settings: nobody may point us anywhere else."""
        try:
            parts = urlsplit(address)
            fine = parts.scheme in ("http", "https") and parts.netloc in self._hosts
        except ValueError:
            fine = False
        if not fine:
            raise PermanentError("地址的主机不在 allowed_hosts 之列")
        return address
