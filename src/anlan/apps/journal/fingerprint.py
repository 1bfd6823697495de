"""The fingerprint of one entry: what the chain is made of. Who alters a stored row alters its fingerprint."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from anlan.apps.journal.models import Entry

_DJANGO = DjangoJSONEncoder()
_ITSELF = (str, int, float, bool, type(None))


def plain(value: Any) -> Any:
    """A value as it comes back from the database: only what JSON knows."""
    if isinstance(value, _ITSELF):
        return value
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return json.loads(json.dumps(value, cls=DjangoJSONEncoder))
    return _DJANGO.default(value)


def fingerprint(entry: Entry, chain_key: str) -> str:
    """SHA-256 over everything that an entry says, its place in its chain, and the fingerprint before it.

    ``before`` and ``after`` are plain (`plain`), as they are when read from the database.
    """
    parts = [chain_key, entry.seq, _instant(entry.at), entry.actor, entry.act, entry.subject]
    text = _ENCODER.encode([*parts, entry.before, entry.after, entry.previous])
    return hashlib.sha256(text.encode()).hexdigest()


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
