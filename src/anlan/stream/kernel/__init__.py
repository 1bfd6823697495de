"""The alarm kernel. Read `kernel` for the rules, `columns` for the state, `ledger` for what is said about it."""

from anlan.stream.alarm import AlarmEvent, Change, Side
from anlan.stream.kernel.checkpoint import StateError
from anlan.stream.kernel.kernel import Kernel, Latest

__all__ = ["AlarmEvent", "Change", "Kernel", "Latest", "Side", "StateError"]
