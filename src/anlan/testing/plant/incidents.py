"""The script of what goes wrong: a list of incidents, each at its second after the start.

As TOML, one ``[[incident]]`` each: ``at_s``, ``kind``, ``target`` (device or source code), and as needed ``peak``
("H" or "HH"), ``detectors`` (leak: how many reach the peak), ``cause`` (overpressure: "inert" or "heat"),
``duration_s``, ``rise_s``, ``speed`` (time lapse of the unit while the incident lasts).
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec


class IncidentKind(StrEnum):
    """What can be made to go wrong."""

    OVERPRESSURE = "overpressure"
    OVERFILL = "overfill"
    LEAK = "leak"
    PUMP_TRIP = "pump_trip"
    TEMP_RUNAWAY = "temp_runaway"
    COMM_LOSS = "comm_loss"
    STUCK = "stuck"


class Incident(msgspec.Struct, frozen=True):
    """One thing going wrong. Seconds count from the start of the service; before it (negative) lies the warm-up."""

    at_s: float
    kind: IncidentKind
    target: str
    peak: str = "HH"
    detectors: int = 1
    cause: str = "inert"
    duration_s: float = 300.0
    rise_s: float = 40.0
    speed: float = 1.0


class _Script(msgspec.Struct):
    incident: list[Incident] = []


class ScriptError(ValueError):
    """The script cannot be played: wrong form, or a target that this plant does not have."""


def read_script(path: Path) -> list[Incident]:
    """A TOML file of incidents. Raises `ScriptError`."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        script = msgspec.convert(raw, _Script)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ScriptError(f"{path}: {error}") from error
    for incident in script.incident:
        check(incident)
    return script.incident


def check(incident: Incident) -> None:
    """Refuse values outside what each field can mean."""
    if incident.peak not in ("H", "HH") or incident.cause not in ("inert", "heat"):
        raise ScriptError(f"{incident.kind} {incident.target}: peak is H or HH, cause is inert or heat")
    if min(incident.duration_s, incident.rise_s, incident.speed) <= 0 or incident.detectors < 1:
        raise ScriptError(f"{incident.kind} {incident.target}: times, speed and detectors are positive")


def faster(incidents: list[Incident], factor: float) -> list[Incident]:
    """The same script ``factor`` times as fast: starts, rises and durations shrink, units lapse."""
    return [
        msgspec.structs.replace(
            incident, at_s=incident.at_s / factor, rise_s=incident.rise_s / factor,
            duration_s=incident.duration_s / factor, speed=incident.speed * factor,
        )
        for incident in incidents
    ]  # fmt: skip


def later(incidents: Sequence[Incident], seconds: float) -> list[Incident]:
    """The same script ``seconds`` later: for a plant that has run so long before its service starts."""
    return [msgspec.structs.replace(incident, at_s=incident.at_s + seconds) for incident in incidents]
