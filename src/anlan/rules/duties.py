"""Which enterprises owe which duty: categories are sets, and every duty states its predicate (ORG-10, Q-15).

The regulations call 重大危险源企业 simply 企业; later notices address production, trade and other enterprises. No duty
may be decided by a list of names, and none applies because of a category that its predicate does not name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """Categories of an enterprise; one may have several."""

    HAZARD_SOURCE = "hazard_source"
    PRODUCTION = "production"
    USE = "use"
    TRADE_STORAGE = "trade_storage"
    FILLING_STATION = "filling_station"
    OIL_DEPOT = "oil_depot"
    GENERAL_CHEMICAL = "general_chemical"
    PHARMACEUTICAL = "pharmaceutical"
    FINE_CHEMICAL = "fine_chemical"
    PORT = "port"
    FIREWORKS_WHOLESALE = "fireworks_wholesale"
    FIREWORKS_RETAIL = "fireworks_retail"
    PRECURSOR = "precursor"


TRADE = frozenset({Category.TRADE_STORAGE, Category.FILLING_STATION, Category.OIL_DEPOT})
CHEMICAL = frozenset({Category.PRODUCTION, Category.USE, Category.GENERAL_CHEMICAL}) | TRADE


@dataclass(frozen=True, slots=True)
class Subject:
    """What a predicate may look at. ``sources``: registered major hazard sources."""

    categories: frozenset[Category]
    sources: int = 0


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty with its predicate in words and as a function. ``local`` names the part that is a local setting."""

    key: str
    title: str
    predicate: str
    applies: Callable[[Subject, bool], bool]
    """Takes the subject and whether the local part is in force."""
    local: str = ""


def _commits(subject: Subject, production_too: bool) -> bool:
    return subject.sources > 0 or (production_too and Category.PRODUCTION in subject.categories)


DUTIES = (
    Duty(
        "commitment", "每日风险研判与安全承诺", "有重大危险源，或持生产许可（本地设定）", _commits,
        local="持生产许可的也承诺",
    ),
    Duty("duty_holders", "重大危险源安全包保", "有重大危险源", lambda subject, _local: subject.sources > 0),
    Duty(
        "trade_system", "经营安全监管系统录入", "经营企业（带储存、加油站、油库）",
        lambda subject, _local: bool(subject.categories & TRADE),
    ),
    Duty(
        "standardisation", "安全生产标准化", "生产、使用、经营、一般化工企业",
        lambda subject, _local: bool(subject.categories & CHEMICAL),
    ),
)  # fmt: skip


def duties_of(subject: Subject, local: bool = True) -> list[str]:
    """Keys of the duties that the subject owes, in the order of the table."""
    return [duty.key for duty in DUTIES if duty.applies(subject, local)]
