"""The house rules see what they are meant to see, and the tree keeps them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[3] / "tools"
sys.path.insert(0, str(TOOLS))

from lint_house import Source, check  # noqa: E402

HEAD = '"""Why."""\n'
QUERY = HEAD + "{}\nx = Agency.objects.get()\n"


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        ("src/anlan/apps/org/models.py", HEAD + "from django.utils import timezone\nx = timezone.now()\n", "clocks"),
        ("src/anlan/stream/log.py", HEAD + "import datetime\nx = datetime.datetime.now()\n", "clocks"),
        ("src/anlan/stream/log.py", HEAD + "from time import monotonic\n", "clocks"),
        ("src/anlan/apps/org/models.py", HEAD + "x = DateTimeField(auto_now_add=True)\n", "clocks"),
        ("src/anlan/apps/org/models.py", HEAD + "from django.db.models.functions import Now\n", "clocks"),
        ("src/anlan/rules/levels.py", HEAD + "x = 1\n" * 601, "length"),
        ("tests/unit/test_long.py", HEAD + "x = 1\n" * 801, "length"),
        ("src/anlan/stream/utils.py", HEAD, "names"),
        ("src/anlan/apps/common/models.py", HEAD, "names"),
        ("src/anlan/stream/log.py", HEAD + "try:\n    x = 1\nexcept ValueError:\n    pass\n", "swallowed"),
        ("src/anlan/stream/log.py", HEAD + "try:\n    x = 1\nexcept:\n    raise\n", "swallowed"),
        ("src/anlan/stream/log.py", HEAD + "x = 1  # TO" + "DO later\n", "unfinished"),
        ("src/anlan/stream/log.py", HEAD + "def f():\n    raise NotImplementedError\n", "unfinished"),
        ("src/anlan/stream/log.py", "x = 1\n", "opening"),
        ("src/anlan/rules/levels.py", HEAD + "import numpy\n", "pure_rules"),
        ("src/anlan/rules/levels.py", HEAD + "from anlan.apps.org import models\n", "pure_rules"),
        ("src/anlan/apps/warnings/services.py", HEAD + "from anlan.apps.org.views import tree\n", "neighbours"),
        ("src/anlan/apps/warnings/services.py", HEAD + "from anlan.apps.org import views\n", "neighbours"),
        ("src/anlan/apps/warnings/services.py", QUERY.format("from anlan.apps.org.models import Agency"), "neighbours"),
        (
            "src/anlan/apps/warnings/models.py",
            HEAD + "from anlan.apps.org import models as org\nx = org.Agency.objects.all()\n",
            "neighbours",
        ),
        ("requirements.lock", "x @ https" + "://example.org/x.whl\n", "addresses_in_locks"),
        ("docs/tutorial/start.md", "cd /ro" + "ot/anlan\n", "machine_paths"),
    ],
)
def test_a_breach_is_found_and_named(path: str, text: str, rule: str) -> None:
    assert rule in {finding.split(": ")[1] for finding in check(Source(path, text))}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/anlan/now.py", HEAD + "import time\nx = time.time_ns()\n"),
        ("src/anlan/stream/log.py", HEAD + "from anlan import now\nx = now.monotonic()\n"),
        ("src/anlan/rules/levels.py", HEAD + "import enum\nfrom anlan.rules import calendar\n"),
        ("src/anlan/apps/warnings/models/warning.py", HEAD + "from anlan.apps.registry.models import Enterprise\n"),
        ("src/anlan/apps/warnings/services.py", HEAD + "from anlan.apps.org import selectors\n"),
        ("src/anlan/apps/warnings/services.py", HEAD + "from anlan.apps.org.models import Agency\nx: Agency\n"),
        ("src/anlan/apps/org/services.py", HEAD + "from anlan.apps.org.models import Agency\nx = Agency.objects\n"),
        ("src/anlan/apps/org/migrations/0001_initial.py", "x = 1\n"),
        ("src/anlan/apps/org/__init__.py", ""),
    ],
)
def test_what_the_house_allows_is_left_alone(path: str, text: str) -> None:
    assert check(Source(path, text)) == []


def test_a_file_that_does_not_parse_is_a_finding_and_not_a_crash() -> None:
    assert check(Source("src/anlan/stream/log.py", "def (:\n"))[0].startswith("src/anlan/stream/log.py:1: syntax: ")
