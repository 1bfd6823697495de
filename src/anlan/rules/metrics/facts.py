"""The facts that handling is measured by: whole numbers per enterprise and period, which may be added up.

How they are added up: `anlan.rules.metrics.adding`.
"""

from __future__ import annotations

from dataclasses import dataclass

from anlan.rules.metrics.adding import Facts

LISTS = ("warnings", "downgrades", "confirmations", "reports", "notices", "orders", "open_orders", "alarms",
         "uncleared_alarms", "larger_warnings", "performing_alarms", "chattering_alarms", "stale_alarms",
         "outages", "counted_outages", "filed_outages", "link_outages")  # fmt: skip
"""Names of the lists of facts that a figure opens."""


@dataclass(frozen=True, slots=True)
class HandlingFacts(Facts):
    """What happened in one period. Times are whole microseconds."""

    warnings: int = 0
    """Warnings raised."""
    downgrades: int = 0
    """Red, orange and yellow level episodes that ended in a lower level or in clearing."""
    downgrade_us: int = 0
    confirmed: int = 0
    """Of the warnings raised, those that a person confirmed."""
    confirm_us: int = 0
    confirmed_automatically: int = 0
    reports_settled: int = 0
    """Disposal reports that fell due, made or overdue."""
    reports_on_time: int = 0
    reports_late: int = 0
    reports_overdue: int = 0
    notices: int = 0
    """警示通报 sent; one that several agencies received is one, and so is a merged one."""
    orders: int = 0
    """Site orders issued whose answer is either there or due by now."""
    orders_in_time: int = 0
    orders_open: int = 0
    """Site orders issued by the end of the period and not answered yet."""
    alarms: int = 0
    """Alarms raised on the high or the low side."""
    alarms_cleared: int = 0
    """Of these, back in range and acknowledged."""
    alarms_uncleared: int = 0
    """Raised by the end of the period and not cleared yet."""
    larger: int = 0
    """Orange or red warnings raised in the period, or before it and not closed when it began."""
    larger_closed: int = 0
