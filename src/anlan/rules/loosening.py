"""Which changes of a record let danger pass more easily (数据质量管理办法 第八条).

第八条 forbids to switch off, remove or move what measures without leave. That a limit or a delay may be loosened only
with leave is our reading of it: a local setting, and labelled so. Must never judge who changed it, or why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ARTICLE = "数据质量管理办法 第八条"
LOCAL = "本地设定"


class Watched(StrEnum):
    """Kinds of records that decide how closely an enterprise is watched."""

    ENTERPRISE = "enterprise"
    SOURCE = "source"
    GATEWAY = "gateway"
    DEVICE = "device"
    POINT = "point"
    CAMERA = "camera"


@dataclass(frozen=True, slots=True)
class Loosened:
    """One field that was loosened, its values before and after, and what says that this matters."""

    field: str
    before: Any
    after: Any
    label: str


_Rule = Callable[[Any, Any], bool]


def _raised(before: Any, after: Any) -> bool:
    """A number went up, or away: what is not set lets everything pass."""
    return before is not None and (after is None or float(after) > float(before))


def _lowered(before: Any, after: Any) -> bool:
    return before is not None and (after is None or float(after) < float(before))


def _off(before: Any, after: Any) -> bool:
    return bool(before) and not after


def _moved(before: Any, after: Any) -> bool:
    """It belongs somewhere else now, or measures something else."""
    return bool(before) and before != after


def _fewer(before: Any, after: Any) -> bool:
    return bool(set(before or ()) - set(after or ()))


def _more_signs(before: Any, after: Any) -> bool:
    """Another number no longer counts as measured: a sensor at its end stop may write just that."""
    return bool(set(str(after or "").split(";")) - set(str(before or "").split(";")))


_RULES: Mapping[Watched, Mapping[str, tuple[_Rule, str]]] = {
    Watched.POINT: {
        "is_active": (_off, ARTICLE),
        "device": (_moved, ARTICLE),
        "gateway": (_moved, ARTICLE),
        "tag": (_moved, ARTICLE),
        "h": (_raised, LOCAL),
        "hh": (_raised, LOCAL),
        "l": (_lowered, LOCAL),
        "ll": (_lowered, LOCAL),
        "range_max": (_raised, LOCAL),
        "range_min": (_lowered, LOCAL),
        "unit": (_moved, LOCAL),
        "gas": (_moved, LOCAL),
        "deadband": (_raised, LOCAL),
        "on_delay_s": (_raised, LOCAL),
        "off_delay_s": (_lowered, LOCAL),
        "flatline_s": (_raised, LOCAL),
        "period_s": (_raised, LOCAL),
        "no_data_s": (_raised, LOCAL),
        "missing": (_more_signs, LOCAL),
    },
    Watched.GATEWAY: {"is_active": (_off, ARTICLE), "period_s": (_raised, LOCAL)},
    Watched.DEVICE: {"source": (_moved, ARTICLE)},
    Watched.CAMERA: {
        "source": (_moved, ARTICLE), "is_key": (_off, LOCAL), "is_control_room": (_off, LOCAL),
    },
    Watched.SOURCE: {"level": (_raised, LOCAL)},
    Watched.ENTERPRISE: {
        "kinds": (_fewer, LOCAL), "declared_gas_points": (_lowered, LOCAL), "declared_sources": (_lowered, LOCAL),
    },
}  # fmt: skip
"""By kind and field: when a change loosens, and its label. The levels of hazard sources are 1 (gravest) to 4."""


def loosened(kind: Watched, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Loosened, ...]:
    """Every field of a record that ``after`` watches less closely than ``before``; codes where others are referred to.

    Empty when nothing was loosened, whatever was tightened beside it. Fields that one side does not name are left out.

    [reading] Stands on the page that lays law beside code (docs/explanation/law.md).
    """
    return tuple(
        Loosened(field, before[field], after[field], label)
        for field, (rule, label) in _RULES[kind].items()
        if field in before and field in after and rule(before[field], after[field])
    )
