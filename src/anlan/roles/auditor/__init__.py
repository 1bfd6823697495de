"""``anlan auditor``: finds what is due and unfired, silent, stuck or stale, apart from the clock; and keeps the
dead-man's signal, which stops when anything of it is unwell, the auditor included."""

from anlan.roles.auditor.command import Auditor, Findings, main
from anlan.roles.auditor.signal import Signal, signal_file

__all__ = ["Auditor", "Findings", "Signal", "main", "signal_file"]
