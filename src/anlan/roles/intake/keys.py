"""The gateways that may send, with the hash of their keys, held in memory and refreshed from the records.

When the records cannot be read the last known keys stay in force: data must come in while the database is down.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from anlan import now
from anlan.process.worker import say_failed

logger = logging.getLogger(__name__)
_MISS_PAUSE_S = 1.0
MAX_PROOF = 1024
"""Bytes of an ``Authorization`` header: a code and a key take a tenth of it. A longer one proves nothing."""


@dataclass(frozen=True)
class Sender:
    """A gateway that proved who it is."""

    gateway: str
    enterprise: str


@dataclass(frozen=True)
class Key:
    """What the records hold of a gateway: its enterprise's code and the SHA-256 of its key, in hex."""

    enterprise: str
    sha256: str


class KeyRing:
    """``read`` returns all active gateways; it may raise, then the old keys stay. Thread-safe by replacement."""

    def __init__(self, read: Callable[[], Mapping[str, Key]]) -> None:
        self._read = read
        self._keys: Mapping[str, Key] = {}
        self._proved: dict[bytes, Sender] = {}
        self._proof_of: dict[str, bytes] = {}
        self._read_at = float("-inf")
        self.loaded = False

    def refresh(self) -> None:
        """Read the keys anew (in a thread that may wait)."""
        self._read_at = now.monotonic()
        try:
            fresh = dict(self._read())
        except Exception as error:  # noqa: BLE001  # said whole unless it passes by itself
            # whatever the database says, known gateways go on sending
            say_failed(logger, "gateway keys could not be read, the last known ones stay in force", error)
            return
        if fresh != self._keys:
            self._keys, self._proved, self._proof_of = fresh, {}, {}
        self.loaded = True

    @property
    def worth_another_look(self) -> bool:
        """Whether a miss justifies reading again: not more than once a second."""
        return now.monotonic() - self._read_at > _MISS_PAUSE_S

    def knows(self, gateway: str) -> bool:
        return gateway in self._keys

    def prove(self, header: bytes) -> Sender | None:
        """The sender behind an ``Authorization: Basic`` header, None when it proves nothing.

        One proof is remembered for each gateway, the newest, so that who writes the same in many ways takes no room.
        """
        found = self._proved.get(header)
        if found is not None:
            return found
        if len(header) > MAX_PROOF:
            return None
        name, secret = credentials(header)
        key = self._keys.get(name)
        if key is None:
            return None
        digest = hashlib.sha256(secret.encode("utf-8")).hexdigest()
        if not hmac.compare_digest(digest, key.sha256.lower()):
            return None
        sender = Sender(name, key.enterprise)
        self._proved.pop(self._proof_of.get(name, b""), None)
        self._proved[header], self._proof_of[name] = sender, header
        return sender


def credentials(header: bytes) -> tuple[str, str]:
    """User and password of a Basic header; two empty texts when it is none."""
    scheme, _, encoded = header.partition(b" ")
    if scheme.lower() != b"basic":
        return "", ""
    try:
        user, found, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (user, secret) if found else ("", "")


def from_records() -> dict[str, Key]:
    """All gateways in use. For the thread that refreshes."""
    from anlan.apps.registry.models import Gateway
    from anlan.process.worker import give_up_broken

    give_up_broken()
    rows = Gateway.objects.by_the_machine().filter(is_active=True, enterprise__is_active=True)
    return {code: Key(owner, sha) for code, owner, sha in rows.values_list("code", "enterprise__code", "key_sha256")}
