"""Taking alerts of other systems in, and registering who may hand them in."""

from anlan.apps.external.services.senders import Unknown, known, register, stop
from anlan.apps.external.services.taking import TakenAlert, take

__all__ = ["TakenAlert", "Unknown", "known", "register", "stop", "take"]
