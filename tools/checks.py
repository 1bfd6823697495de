"""`./run check`: everything that can be said about the code without running it.

All steps run even when one fails, so that one round shows all there is to mend.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import environment

ROOT = Path(__file__).resolve().parent.parent
CODE = ["src", "tools", "tests", "bench"]
TYPED = ["src/anlan"]


def steps() -> list[tuple[str, list[str]]]:
    python = environment.program("python")
    code = [folder for folder in CODE if (ROOT / folder).is_dir()]
    return [
        ("ruff check", [environment.program("ruff"), "check", "--output-format", "concise", *code]),
        ("ruff format", [environment.program("ruff"), "format", "--check", "--output-format", "concise", *code]),
        ("house rules", [python, "tools/lint_house.py"]),
        ("import walls", [environment.program("lint-imports"), "--no-logo", "--cache-dir", "build/import-linter"]),
        ("types", [environment.program("mypy"), *TYPED]),
        ("migrations", [python, "-m", "django", "makemigrations", "--check", "--dry-run"]),
        ("templates", [python, "tools/lint_templates.py"]),
        ("doubles", [python, "tools/lint_doubles.py"]),
    ]


def run(arguments: list[str]) -> int:
    """Run the steps whose name contains an argument (all without arguments); 1 if any failed."""
    environment.ensure("dev")
    failed = []
    with tempfile.TemporaryDirectory(prefix="anlan-check-") as folder:
        settings = {
            "ANLAN_DATA_DIR": folder,
            "ANLAN_DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "anlan.site.settings",
            "PYTHONPATH": str(ROOT / "src"),
        }
        env = environment.variables() | settings
        for name, command in steps():
            if arguments and not any(argument in name for argument in arguments):
                continue
            done = subprocess.run(
                command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            print(f"{'ok    ' if done.returncode == 0 else 'FAILED'}  {name}", flush=True)
            if done.returncode != 0:
                failed.append(name)
                print(done.stdout, flush=True)
    if failed:
        print(f"\n{len(failed)} of the checks failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0
