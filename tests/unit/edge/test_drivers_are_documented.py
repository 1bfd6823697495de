"""Every option that a driver or the configuration reads stands in its reference page, in back-ticks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from anlan.edge.config import parse
from anlan.edge.drivers import KINDS, open_driver
from anlan.now import SystemClock

ROOT = Path(__file__).resolve().parents[3]
EDGE = ROOT / "src" / "anlan" / "edge"
READ = re.compile(r"\b(?:options|table)\.(?:text|number|flag|choice|items|mapping|value)\(\s*\"(\w+)\"")


@pytest.mark.parametrize(
    ("module", "page"),
    [
        ("drivers/opcua.py", "reference/drivers.md"),
        ("drivers/opcua_nodes.py", "reference/drivers.md"),
        ("drivers/replay.py", "reference/drivers.md"),
        ("drivers/recording.py", "reference/drivers.md"),
        ("config.py", "how-to/gateway.md"),
    ],
)
def test_every_option_is_in_the_reference(module: str, page: str):
    asked = set(READ.findall((EDGE / module).read_text(encoding="utf-8")))
    assert asked
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert sorted(name for name in asked if not re.search(rf"\b{name}\b", text)) == []


def test_every_driver_has_its_section_and_its_column_in_the_quality_scale():
    text = (ROOT / "docs" / "reference" / "drivers.md").read_text(encoding="utf-8")
    for kind in KINDS:
        assert f"## `{kind}`" in text
        assert re.search(rf"^\| 要求 \|.*\b{kind}\b", text, re.MULTILINE)


def test_the_example_in_the_how_to_is_a_configuration_that_passes_the_check(tmp_path: Path):
    text = (ROOT / "docs" / "how-to" / "gateway.md").read_text(encoding="utf-8")
    toml, points = (re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL) for kind in ("toml", "csv"))
    assert toml is not None
    assert points is not None
    (tmp_path / "key.txt").write_text("k", encoding="utf-8")
    (tmp_path / "points.csv").write_text(points.group(1), encoding="utf-8")
    (gateway,) = parse(toml.group(1), tmp_path).gateways
    assert open_driver(gateway, SystemClock()).diagnostics()["points"] == 2


def test_the_gateway_runs_without_django():
    program = (
        "import sys; sys.modules['django'] = None; import anlan.edge.gateway, anlan.edge.drivers.opcua, "
        "anlan.edge.drivers.replay; sys.exit(anlan.edge.gateway.main(['--config', 'none.toml']))"
    )
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert outcome.returncode == 2
    assert "读不到配置文件" in outcome.stderr
