"""``anlan cameras``: a CSV by hand, line by line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests import neighbours

from anlan import now as clock
from anlan.apps.registry.models import Camera
from anlan.verbs import cameras


@pytest.mark.django_db
def test_good_lines_are_kept_and_bad_ones_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anlan.process.django.start", lambda: None)
    neighbours.build(clock.now(), warn=False)
    code = Camera.objects.by_the_machine().order_by("pk").values_list("code", flat=True)[0]
    path = tmp_path / "states.csv"
    path.write_text(f"code,state,at\n{code},online,2026-03-01 08:00\nV-no,online,2026-03-01 08:00\n{code},fault,soon\n")
    assert cameras.main([str(path)]) == 1
    told = capsys.readouterr()
    assert told.out == "写入 1 条，退回 2 条\n"
    assert "第 3 行：本企业没有登记这个摄像头" in told.err
    assert "第 4 行：“soon”不是时间" in told.err
    assert Camera.objects.by_the_machine().get(code=code).last_seen_at == datetime(2026, 3, 1, tzinfo=UTC)
    path.write_text("code;state;at\n")
    assert cameras.main([str(path)]) == 2
    assert cameras.main([str(tmp_path)]) == 2
