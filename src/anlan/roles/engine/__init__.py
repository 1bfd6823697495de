"""Reads the log, keeps the state of every point, and writes what changes as alarms; answers for the newest values."""

from anlan.roles.engine.command import main

__all__ = ["main"]
