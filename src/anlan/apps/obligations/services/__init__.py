"""Due things: planned and fulfilled by who decides, fired by the clocks, watched by the auditor."""

from anlan.apps.obligations.services.firing import (
    BATCH,
    GRACE,
    Firing,
    Handler,
    Prepared,
    due_and_unfired,
    fire_before,
    register,
    register_prepared,
    run_due,
    soonest_due,
)
from anlan.apps.obligations.services.planning import add, cancel, fulfil, postpone, remember, replan, settle
from anlan.apps.obligations.services.signs import UP_WITHIN, Share, clock_is_up, forget, share_of, signs_of, tick

__all__ = [
    "BATCH",
    "GRACE",
    "UP_WITHIN",
    "Firing",
    "Handler",
    "Prepared",
    "Share",
    "add",
    "cancel",
    "clock_is_up",
    "due_and_unfired",
    "fire_before",
    "forget",
    "fulfil",
    "postpone",
    "register",
    "register_prepared",
    "remember",
    "replan",
    "run_due",
    "settle",
    "share_of",
    "signs_of",
    "soonest_due",
    "tick",
]
