"""What a role's process takes for itself at its start."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from anlan.process import life

ASK = """
import resource
from anlan.process.life import begin
begin("intake")
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def test_a_role_opens_as_many_files_as_it_may_though_the_shell_gave_it_few() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == most


@pytest.mark.case("F17")
def test_a_role_keeps_compiled_code_for_its_children_though_the_shell_forbids_it(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom anlan.process.life import begin\nbegin('clock')\n"
        "print('PYTHONDONTWRITEBYTECODE' in os.environ, sys.dont_write_bytecode)"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "ANLAN_DATA_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.case("F17")
def test_compiled_code_goes_to_the_data_directory_where_the_source_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source" / "process.py"
    source.parent.mkdir()
    monkeypatch.setattr(life, "__file__", str(source))
    monkeypatch.setattr(life.os, "access", lambda path, mode: Path(path) != source.parent)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    for name in ("PYTHONPYCACHEPREFIX", "NUMBA_CACHE_DIR"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    life.keep_compiled_code(tmp_path / "data")
    assert sys.pycache_prefix == os.environ["PYTHONPYCACHEPREFIX"] == str(tmp_path / "data" / "cache" / "python")
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path / "data" / "cache" / "numba")


@pytest.mark.case("G8")
def test_what_a_command_writes_is_closed_to_other_users(tmp_path: Path) -> None:
    data = tmp_path / "data"
    script = "import os, sys\nos.umask(0o022)\nfrom anlan.cli import main\nsys.exit(main(['manage', 'migrate']))"
    environment = {**os.environ, "ANLAN_DATA_DIR": str(data), "ANLAN_DATABASE_URL": "", "ANLAN_SECRET_KEY": ""}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    written = [data, *data.rglob("*")]
    assert {path.name for path in written} >= {"anlan.sqlite3", "history.sqlite3", "secret.key"}
    assert [path for path in written if path.stat().st_mode & 0o077] == []


@pytest.mark.case("G8")
def test_a_data_directory_that_stood_open_is_closed_at_the_start_and_the_group_keeps_its_rights(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tmp_path.chmod(0o755)
    life.close_to_others(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o750
    assert "was open to every user" in caplog.text
    caplog.clear()
    life.close_to_others(tmp_path)
    life.close_to_others(tmp_path / "not-yet")
    assert caplog.text == ""
