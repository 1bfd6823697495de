"""What the web role answers beside its pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anlan.config import Config
from anlan.roles.web.command import WebApplication


async def get(application: WebApplication, path: str) -> tuple[int, bytes]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application({"type": "http", "method": "GET", "path": path, "headers": []}, None, send)
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])


@pytest.mark.asyncio
async def test_whoever_shares_the_load_out_is_answered_without_a_database_or_a_log_in(tmp_path: Path) -> None:
    assert await get(WebApplication(Config(data_dir=tmp_path)), "/healthz") == (200, b"ok\n")
