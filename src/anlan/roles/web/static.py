"""Static files of the screens from memory: found by Django's finders, compressed once, validated by their content.

There are a few dozen small files and they never change while the process runs. Nothing outside the `static` folders of
the installed apps can be reached.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import mimetypes
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation

PREFIX = "/static/"
TEXT = (".css", ".js", ".svg", ".json", ".txt")
LARGEST = 16 * 1024 * 1024


@dataclass(frozen=True)
class Held:
    """One file as it goes out."""

    body: bytes
    packed: bytes | None
    etag: bytes
    kind: bytes


class Static:
    """ASGI application for ``/static/…``: GET and HEAD, gzip, 304 for what the browser has, 404 for the rest."""

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}

    async def __call__(
        self, scope: dict[str, Any], receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]
    ) -> None:
        held = await self._find(scope["path"].removeprefix(PREFIX)) if scope["method"] in ("GET", "HEAD") else None
        if held is None:
            await send({"type": "http.response.start", "status": 404, "headers": [(b"cache-control", b"no-store")]})
            await send({"type": "http.response.body", "body": b""})
            return
        asked = dict(scope["headers"])
        packed = held.packed if b"gzip" in asked.get(b"accept-encoding", b"") else None
        body = held.body if packed is None else packed
        fresh = held.etag in asked.get(b"if-none-match", b"")
        headers = [
            (b"etag", held.etag),
            (b"cache-control", b"public, max-age=60"),
            (b"vary", b"accept-encoding"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if not fresh:
            headers += [(b"content-type", held.kind), (b"content-length", str(len(body)).encode())]
            if packed is not None:
                headers.append((b"content-encoding", b"gzip"))
        await send({"type": "http.response.start", "status": 304 if fresh else 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if fresh or scope["method"] == "HEAD" else body})

    async def _find(self, name: str) -> Held | None:
        if name not in self._held:
            read = await asyncio.to_thread(_read, name)
            if read is None:
                return None
            self._held[name] = read
        return self._held[name]


def _read(name: str) -> Held | None:
    try:
        found = finders.find(name) if name and "\x00" not in name else None
    except SuspiciousFileOperation:  # a path that climbs out of the folders names nothing of ours
        return None
    path = Path(str(found)) if found else None
    if path is None or not path.is_file() or path.stat().st_size > LARGEST:
        return None
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = path.suffix in TEXT
    return Held(
        body=body,
        packed=gzip.compress(body, 6, mtime=0) if text and len(body) > 512 else None,
        etag=f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'.encode(),
        kind=f"{kind}; charset=utf-8".encode() if text else kind.encode(),
    )
