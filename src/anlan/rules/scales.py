"""The five other scales that sound like warning levels and are not (Q-01).

Each has its own text values, none shared with another or with `Level`, so that a value of one scale can neither be
read as, nor equal, a value of another. There is deliberately no function from one scale to another.
"""

from __future__ import annotations

from enum import StrEnum


class SupervisionGrade(StrEnum):
    """Grade of routine supervision of an enterprise, shown red, yellow, green (薛城 22; 特别管控/重点关注/一般监管)."""

    SPECIAL = "special_control"
    KEY = "key_attention"
    GENERAL = "general_supervision"


class ParkClass(StrEnum):
    """Safety-risk class of a chemical park, A high … D lower."""

    A = "park_class_a"
    B = "park_class_b"
    C = "park_class_c"
    D = "park_class_d"


class DualPreventionGrade(StrEnum):
    """Running effect of the dual prevention mechanism: 优 良 中 差."""

    EXCELLENT = "effect_excellent"
    GOOD = "effect_good"
    FAIR = "effect_fair"
    POOR = "effect_poor"


class AccidentGrade(StrEnum):
    """Grade of an accident: 一般 较大 重大 特别重大."""

    ORDINARY = "accident_ordinary"
    LARGER = "accident_larger"
    MAJOR = "accident_major"
    EXTREME = "accident_extreme"


class HiddenDangerGrade(StrEnum):
    """Grade of a hidden danger: 一般 重大."""

    ORDINARY = "danger_ordinary"
    MAJOR = "danger_major"


SCALE_LABELS: dict[StrEnum, str] = {
    SupervisionGrade.SPECIAL: "特别管控",
    SupervisionGrade.KEY: "重点关注",
    SupervisionGrade.GENERAL: "一般监管",
    ParkClass.A: "A级",
    ParkClass.B: "B级",
    ParkClass.C: "C级",
    ParkClass.D: "D级",
    DualPreventionGrade.EXCELLENT: "优",
    DualPreventionGrade.GOOD: "良",
    DualPreventionGrade.FAIR: "中",
    DualPreventionGrade.POOR: "差",
    AccidentGrade.ORDINARY: "一般事故",
    AccidentGrade.LARGER: "较大事故",
    AccidentGrade.MAJOR: "重大事故",
    AccidentGrade.EXTREME: "特别重大事故",
    HiddenDangerGrade.ORDINARY: "一般隐患",
    HiddenDangerGrade.MAJOR: "重大隐患",
}
"""Chinese word of every value, for screens and tables."""
