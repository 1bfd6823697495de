"""What screens and the API read of warnings. Lists take a scope; a dossier takes a warning that was found in one."""

from anlan.apps.warnings.selectors.clearing import against_clearing
from anlan.apps.warnings.selectors.handling import ROWS, handling_facts
from anlan.apps.warnings.selectors.lists import (
    cleared_warnings,
    highest_by_source,
    level_counts,
    open_by_source,
    open_site_orders,
    open_warnings,
    risk_levels,
    was_larger_lately,
)
from anlan.apps.warnings.selectors.neglected import (
    Neglected,
    long_open_count,
    long_open_warnings,
    never_opened_by_tracker,
    unopened,
)
from anlan.apps.warnings.selectors.recipients import COMMON, PLATFORM, Receipt, recipients_table
from anlan.apps.warnings.selectors.steps import NextStep, next_step, steps_ahead
from anlan.apps.warnings.selectors.timeline import TimelineEntry, timeline
from anlan.apps.warnings.selectors.todo import Task, TaskKind, owed_by_staff, todo_for, tracked

__all__ = [
    "COMMON",
    "PLATFORM",
    "ROWS",
    "Neglected",
    "NextStep",
    "Receipt",
    "Task",
    "TaskKind",
    "TimelineEntry",
    "against_clearing",
    "cleared_warnings",
    "handling_facts",
    "highest_by_source",
    "level_counts",
    "long_open_count",
    "long_open_warnings",
    "never_opened_by_tracker",
    "next_step",
    "open_by_source",
    "open_site_orders",
    "open_warnings",
    "owed_by_staff",
    "recipients_table",
    "risk_levels",
    "steps_ahead",
    "timeline",
    "todo_for",
    "tracked",
    "unopened",
    "was_larger_lately",
]
