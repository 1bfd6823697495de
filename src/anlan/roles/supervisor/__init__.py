"""Starts every role on one machine, watches them, and ends them in order (``anlan serve``).

It holds no data and no Django: it can be killed at any instant without loss, and nothing that it started survives it.
"""

from anlan.roles.supervisor.command import main
from anlan.roles.supervisor.lock import AlreadyRunning
from anlan.roles.supervisor.supervisor import ROLES, Supervisor, SupervisorError

__all__ = ["ROLES", "AlreadyRunning", "Supervisor", "SupervisorError", "main"]
