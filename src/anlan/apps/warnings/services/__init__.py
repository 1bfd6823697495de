"""What people, the engine and the clock do to warnings. Each is one transaction; refusals raise `Refused`."""

from anlan.apps.delivery.services import mark_all_read, mark_read
from anlan.apps.warnings.services.flood import fire_summaries
from anlan.apps.warnings.services.handling import clear, confirm, record_measure, remark
from anlan.apps.warnings.services.hidden_danger import record_hidden_danger
from anlan.apps.warnings.services.holders import holder_changed
from anlan.apps.warnings.services.levels import set_level
from anlan.apps.warnings.services.orders import answer_site_order, delegate_site_order, may_execute
from anlan.apps.warnings.services.refusal import Reason
from anlan.apps.warnings.services.regrading import fire_regrades, raise_manual, regrade
from anlan.apps.warnings.services.reporting import submit_report
from anlan.apps.warnings.services.steps import fire_notices, fire_reports, fire_site_orders
from anlan.apps.warnings.services.supervision import ensure_supervision, fire_supervision, grade_supervision

__all__ = [
    "Reason",
    "answer_site_order",
    "clear",
    "confirm",
    "delegate_site_order",
    "ensure_supervision",
    "fire_notices",
    "fire_regrades",
    "fire_reports",
    "fire_site_orders",
    "fire_summaries",
    "fire_supervision",
    "grade_supervision",
    "holder_changed",
    "mark_all_read",
    "mark_read",
    "may_execute",
    "raise_manual",
    "record_hidden_danger",
    "record_measure",
    "regrade",
    "remark",
    "set_level",
    "submit_report",
]
