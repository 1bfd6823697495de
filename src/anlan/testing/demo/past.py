"""Hours of history before the demonstration began, so that a trend has a past. Posted as backfill, through the intake.

The last `WARM_UP_S` are what the simulated plants went through before their service started; the hours before that are
a quiet run from their first state, laid out backwards in time so that both meet. Late data completes history and
raises nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

from anlan.testing.plant.incidents import Incident, later, read_script
from anlan.testing.plant.plant import WARM_UP_STEP_S, Plant
from anlan.testing.plant.spec import PlantSpec, demo_plants
from anlan.testing.sender import Sender, packet

HOURS = 4
WARM_UP_S = 3900.0
"""How long the demo plants have run when the demonstration begins; the warnings that are loaded began within it."""
SEED = 1
BATCH = 120
"""Packets in one request."""


def post(intake_url: str, keys: dict[str, str], began: datetime, stop: threading.Event, hours: float = HOURS) -> int:
    """Post the past of every demo plant that ends at ``began``; returns how many frames the intake accepted.

    ``keys`` maps gateway codes to their keys. Ends early when ``stop`` is set; posting it again changes nothing.
    """
    accepted = 0
    for spec in demo_plants():
        sender = Sender(intake_url, spec.gateway, keys[spec.gateway])
        for batch in _batches(_frames(spec, began, hours)):
            if stop.is_set():
                break
            reply = sender.send(batch)
            accepted += reply.accepted
            stop.wait(0.05)  # the present goes first
        sender.close()
    return accepted


def _frames(spec: PlantSpec, began: datetime, hours: float) -> Iterator[dict[str, Any]]:
    decimals = {point.code: point.decimals for point in spec.points}
    step = timedelta(seconds=WARM_UP_STEP_S)

    def frame(at: datetime, shown: dict[str, float | None]) -> dict[str, Any]:
        values = {code: f"{value:.{decimals[code]}f}" for code, value in shown.items() if value is not None}
        return packet(spec.enterprise, spec.gateway, at, values, report_type="continues")

    warm_up = list(Plant(spec, SEED, later(script(), WARM_UP_S)).warm_up(WARM_UP_S))
    for number, shown in enumerate(reversed(warm_up)):
        yield frame(began - number * step, shown)
    earlier = Plant(spec, SEED).warm_up(hours * 3600 - WARM_UP_S)
    for number, shown in enumerate(earlier, start=len(warm_up)):
        yield frame(began - number * step, shown)


def script() -> list[Incident]:
    """What goes wrong in the demo plants."""
    with resources.as_file(resources.files(__package__).joinpath("incidents.toml")) as path:
        return read_script(path)


def _batches(frames: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for frame in frames:
        batch.append(frame)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
