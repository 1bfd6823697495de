"""Hostile bodies as files (`hostile/`), with the verdict that each deserves (`hostile.toml`)."""

from __future__ import annotations

import tomllib
from pathlib import Path

HERE = Path(__file__).parent


def hostile(**names: str) -> dict[str, tuple[bytes, str]]:
    """File name → (body, verdict); ``names`` take the place of ``@NAME@`` in the bodies, ``ID`` of the file's name."""
    verdicts = tomllib.loads((HERE / "hostile.toml").read_text(encoding="utf-8"))
    assert set(verdicts) == {path.name for path in (HERE / "hostile").iterdir()}
    found = {}
    for name, verdict in verdicts.items():
        body = (HERE / "hostile" / name).read_bytes()
        for key, value in {"ID": name, **names}.items():
            body = body.replace(f"@{key}@".encode(), value.encode())
        found[name] = (body, verdict)
    return found
