"""Makes `.venv` from the lock files, and knows when it is already right.

The stamp inside `.venv` is a hash of what the environment was made from, so that a second start costs one read.
Only hashed files are installed; the project itself is installed editable, with the locked build backend.
This module must never touch a Python outside the checkout.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
UV_LOCK = ROOT / "tools" / "locks" / "uv.txt"
LOCKS = {
    "runtime": ROOT / "requirements.lock",
    "full": ROOT / "requirements-full.lock",
    "dev": ROOT / "requirements-dev.lock",
}
"""``full`` adds what a large installation wants to ``runtime``: numba and pyarrow; ``dev`` has everything."""
WIDER = {"runtime": ["runtime", "full", "dev"], "full": ["full", "dev"], "dev": ["dev"]}


class SetupError(Exception):
    """Something outside the checkout stopped the setting-up; the text says what and what to do."""


def say(chinese: str, english: str) -> None:
    print(f"· {chinese}  {english}", file=sys.stderr, flush=True)


def program(name: str) -> str:
    """The path of a program inside the environment."""
    return str(VENV / "bin" / name)


def variables() -> dict[str, str]:
    """The environment variables of everything started from here: the environment's programs come first."""
    env = dict(os.environ)
    env["VIRTUAL_ENV"] = str(VENV)
    env["PATH"] = os.pathsep.join([str(VENV / "bin"), env.get("PATH", os.defpath)])
    env.pop("PYTHONHOME", None)
    # compiled code that is kept is a part of the environment: without it every process compiles all anew
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


def ensure(kind: str) -> None:
    """Leave `.venv` holding at least the ``kind`` ("runtime", "full" or "dev") of packages; quick when it does already.

    What was once asked for stays: after a change of the locks the widest kind that was there is made anew.
    Repeating it changes nothing. Killed half-way, the stamp is missing and the next start finishes the work.
    Two starts at once wait for each other. Raises SetupError with advice when packages cannot be fetched.
    """
    if any(_fresh(wider) for wider in WIDER[kind]):
        return
    with _one_at_a_time():
        if any(_fresh(wider) for wider in WIDER[kind]):
            return
        say("正在准备运行环境（只在第一次或依赖变化时）……", "setting up the environment")
        kind = next((wider for wider in reversed(WIDER[kind]) if _stamp(wider).exists()), kind)
        _make_venv()
        _install(kind)
        _stamp(kind).write_text(_wanted(kind))


def _stamp(kind: str) -> Path:
    return VENV / f".anlan-{kind}"


def _wanted(kind: str) -> str:
    digest = hashlib.sha256()
    for path in (LOCKS[kind], ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    # an environment carries absolute paths: a moved checkout gets a new one
    digest.update(str(ROOT).encode())
    return digest.hexdigest()


def _fresh(kind: str) -> bool:
    try:
        return _stamp(kind).read_text() == _wanted(kind)
    except FileNotFoundError:
        return False


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    with (build / "environment.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _make_venv() -> None:
    if _works(program("python")):
        return
    if VENV.exists():
        # made by a Python that has gone away since, or moved with the checkout
        shutil.rmtree(VENV)
    # not sys.executable: that may be the one inside the folder just removed
    _call([getattr(sys, "_base_executable", sys.executable), "-m", "venv", str(VENV)])


def _works(python: str) -> bool:
    try:
        # the prefix is written into the scripts: it must be this folder, not the one the checkout came from
        found = subprocess.run([python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True)
    except OSError:
        return False
    return found.returncode == 0 and Path(found.stdout.strip()).resolve() == VENV.resolve()


def add(lock: Path) -> None:
    """Install what ``lock`` pins, by hash, into the environment; raises SetupError when it cannot be fetched."""
    _call([*_installer(), "--require-hashes", "-r", str(lock)])


def _install(kind: str) -> None:
    add(LOCKS[kind])
    _call([*_installer(), "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])


def _installer() -> list[str]:
    uv = pinned_uv()
    if uv:
        return [str(uv), "pip", "install", "--python", program("python"), "--quiet", "--compile-bytecode"]
    return [program("python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


@cache
def pinned_uv() -> Path | None:
    """The pinned uv, in a folder of its own so that it never mixes with what the product runs on.

    None when no wheel of it fits this machine: pip then does the same work, slower.
    """
    digest = hashlib.sha256(UV_LOCK.read_bytes()).hexdigest()[:12]
    home = VENV / f"uv-{digest}"
    uv = home / "bin" / "uv"
    if uv.exists():
        return uv
    _ensure_pip()
    pip = [program("python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command = [*pip, "--require-hashes", "--only-binary", ":all:", "--target", str(home), "-r", str(UV_LOCK)]
    done = subprocess.run(command, capture_output=True, text=True, env=variables())
    if done.returncode == 0 and uv.exists():
        return uv
    say("装不上 uv，改用 pip（会慢一些）。", "uv cannot be installed, using pip")
    return None


def _ensure_pip() -> None:
    if subprocess.run([program("python"), "-c", "import pip"], capture_output=True).returncode != 0:
        _call([program("python"), "-m", "ensurepip"])


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=variables(), cwd=ROOT)
    if done.returncode != 0:
        raise SetupError(
            f"准备环境失败（已完成的部分保留，再次运行会接着做）。请检查网络与磁盘空间后重试。\n"
            f"Setting up failed; what was done is kept and the next run goes on. Check network and disk.\n"
            f"命令 command: {' '.join(command)}\n{done.stdout}{done.stderr}"
        )
