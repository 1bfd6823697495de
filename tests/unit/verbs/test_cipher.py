"""``anlan cipher``: a key goes in by file or standard input, is taken up, and is never printed."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from anlan.apps.gateways.services import ciphers
from anlan.process import migrating
from anlan.testing.small_world import build
from anlan.verbs import cipher

KEY = "0123456789abcdef"


@pytest.mark.django_db
def test_a_key_is_set_listed_and_removed_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(migrating, "migrate", lambda **_: None)
    (site,) = build(datetime(2026, 3, 2, tzinfo=UTC), enterprises=1, points=1)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    assert cipher.main(["set", site.enterprise]) == 0
    found = ciphers()[site.enterprise]
    assert found is not None
    assert (found.key, found.iv) == (KEY.encode(), b"")
    files = tmp_path / "key", tmp_path / "iv"
    files[0].write_text(KEY.encode().hex() * 2 + "\n")
    files[1].write_text("00" * 16)
    fixed = ["--hex", "--key-file", str(files[0]), "--static-iv-file", str(files[1])]
    assert cipher.main(["set", site.enterprise, *fixed]) == 0
    assert cipher.main(["list"]) == 0
    for wrong in (["set", "nobody", *fixed], ["set", site.enterprise, "--key-file", str(tmp_path / "none")]):
        assert cipher.main(wrong) == 2
    files[0].write_text(KEY[:-1])
    assert cipher.main(["set", site.enterprise, "--key-file", str(files[0])]) == 2
    assert cipher.main(["set", site.enterprise, "--hex", "--key-file", str(files[1].with_name("key"))]) == 2
    assert cipher.main(["remove", site.enterprise]) == 0
    assert ciphers() == {}
    told = capsys.readouterr()
    assert "AES-256，固定初始向量" in told.out
    for secret in (KEY, KEY[:-1], KEY.encode().hex()):
        assert secret not in told.out + told.err
