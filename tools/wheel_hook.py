"""Hatch build hook: a wheel without the front-end files is refused.

The files come from npm and are not in git, so a wheel built straight from a fresh clone would install and then serve
pages without style or script. An editable install does not need them at build time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class VendoredFilesHook(BuildHookInterface):
    """Fails a standard wheel when `static/vendor/` has not been filled by `./run setup`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        vendor = Path(self.root) / "src" / "anlan" / "site" / "static" / "vendor"
        if not (vendor / ".stamp").exists():
            raise RuntimeError("front-end files are missing: run `./run setup` before building a wheel")
