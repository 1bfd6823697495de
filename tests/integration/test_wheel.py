"""The wheel alone is enough: installed into an empty environment it serves its screens, without source tree or Node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import ROOT, absent

pytestmark = pytest.mark.slow
SOON_S = 300


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` folder of a new environment that holds the wheel and what `requirements.lock` pins."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    _run(build, cwd=ROOT)
    (wheel,) = folder.glob("*.whl")
    home = folder / "environment"
    _run([sys.executable, "-m", "venv", "--without-pip", str(home)])
    uv = next(ROOT.glob(".venv/uv-*/bin/uv"), None)
    if uv is None:
        absent("the pinned uv of .venv (./run setup)")
    install = [str(uv), "pip", "install", "--quiet", "--python", str(home / "bin" / "python")]
    _run([*install, "--require-hashes", "-r", str(ROOT / "requirements.lock")])
    _run([*install, "--no-deps", str(wheel)])
    return home / "bin"


@pytest.fixture
def web(installed: Path, tmp_path: Path) -> Iterator[str]:
    """Address of a freshly started ``anlan serve`` whose world is only its environment and its data directory."""
    data = tmp_path / "data"
    process = subprocess.Popen(
        [installed / "anlan", "serve", "--data-dir", data, "--web-port", "0", "--intake-port", "0"],
        env={"PATH": str(installed), "HOME": str(tmp_path), "LANG": "C.UTF-8"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + SOON_S
        while True:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "anlan serve never answered"
            try:
                address = str(json.loads((data / "run.json").read_text())["web_url"])
                urllib.request.urlopen(f"{address}login/", timeout=10).close()
                break
            except (OSError, ValueError):
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        said = process.communicate(timeout=30)[0]
    assert process.returncode == 0, said
    assert "Traceback" not in said


def test_the_installed_wheel_serves_its_screens_and_its_front_end_files(web: str) -> None:
    with urllib.request.urlopen(f"{web}login/", timeout=10) as page:
        text = page.read().decode()
    assert "登录" in text
    vendor = ROOT / "src" / "anlan" / "site" / "static" / "vendor"
    for file in sorted(vendor.rglob("*.js")):
        with urllib.request.urlopen(f"{web}static/vendor/{file.relative_to(vendor).as_posix()}", timeout=10) as found:
            assert found.read() == file.read_bytes()


def _run(command: list[str], cwd: Path | None = None) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
