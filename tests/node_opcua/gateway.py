"""Our gateway's configuration for the recorded plants: every column of a recording is a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.node_opcua.recorded import Known


@dataclass(frozen=True)
class Link:
    """One gateway and the recording that its OPC UA server plays; ``source`` is the hazard source of its points."""

    known: Known
    url: str
    enterprise: str = "990100001"
    source: str = "990100001001"
    gateway: str = "99010000101"
    key: str = "k"

    def point(self, column: int) -> str:
        """The point of the n-th column, counted from 1."""
        return f"{self.source}P0001WD{column:03d}"

    def points(self, shared: Path) -> dict[str, str]:
        """Column name → point."""
        return {name: self.point(number) for number, name in enumerate(self.known.columns(shared), start=1)}


def gateway_toml(links: Sequence[Link], shared: Path, intake_url: str = "http://127.0.0.1:1") -> str:
    """A file for one process with all these gateways; sampling 0 asks the servers for every change."""
    return "\n".join(
        [
            f'[local]\nstore_dir = "store"\nstatus_s = 0.2\n[intake]\nurl = "{intake_url}"',
            *(_section(link, shared) for link in links),
        ]
    )


def _section(link: Link, shared: Path) -> str:
    nodes = "\n".join(f'"{code}" = "ns=1;s={name}"' for name, code in link.points(shared).items())
    return f"""
[[gateway]]
code = "{link.gateway}"
enterprise = "{link.enterprise}"
key = "{link.key}"
period_s = 0.5
[gateway.driver]
kind = "opcua"
url = "{link.url}"
sampling_ms = 0
queue_size = 50
[gateway.driver.nodes]
{nodes}
"""
