"""Special work is put on record, reported day by day, checked, and held against what was promised."""

from anlan.apps.permits.services.checking import answer, check, query
from anlan.apps.permits.services.reporting import Relayed, add, end, report_day

__all__ = ["Relayed", "add", "answer", "check", "end", "query", "report_day"]
