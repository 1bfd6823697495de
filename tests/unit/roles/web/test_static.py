"""Static files of the web role: found, compressed, validated; nothing outside the static folders."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from anlan.roles.web.static import Static


async def _get(path: str, **headers: str) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await Static()({"type": "http", "method": "GET", "path": path, "headers": named}, None, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


async def test_a_file_comes_whole_or_compressed_as_the_browser_can() -> None:
    status, headers, plain = await _get("/static/anlan/tokens.css")
    assert status == 200
    assert headers[b"content-type"] == b"text/css; charset=utf-8"
    status, headers, packed = await _get("/static/anlan/tokens.css", accept_encoding="gzip, br")
    assert headers[b"content-encoding"] == b"gzip"
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain)


async def test_a_file_that_the_browser_has_is_not_sent_again() -> None:
    _status, headers, _body = await _get("/static/anlan/app.js")
    status, _headers, body = await _get("/static/anlan/app.js", if_none_match=headers[b"etag"].decode())
    assert status == 304
    assert body == b""


@pytest.mark.parametrize(
    "path",
    ["/static/", "/static/nothing.css", "/static/../settings.py", "/static/anlan/../../settings.py",
     "/static//etc/passwd", "/static/anlan", "/static/a\x00b"],
)  # fmt: skip
async def test_nothing_else_is_found(path: str) -> None:
    status, _headers, body = await _get(path)
    assert status == 404
    assert body == b""
