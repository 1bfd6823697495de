"""The child process of a drill knows nothing of this installation's settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from anlan.apps.drills import child


def test_no_setting_of_ours_reaches_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    class Recorded:
        def __init__(self, command: list[str], **options: Any) -> None:
            seen.update(options, command=command)

        def wait(self, seconds: float) -> int:
            return 2

    monkeypatch.setenv("ANLAN_DATABASE_URL", "postgresql://127.0.0.1/never")
    monkeypatch.setattr(child.subprocess, "Popen", Recorded)
    child.check("name: 例")
    assert [name for name in seen["env"] if name.startswith("ANLAN_")] == []
    assert Path(seen["cwd"]) != Path.cwd()
    assert seen["env"]["TMPDIR"] == str(seen["cwd"])
    assert "ANLAN_DATABASE_URL" in os.environ
