"""Reads the log once more and keeps every sample: blocks per gateway and minute, compacted to the hour."""

from anlan.roles.historian.command import main

__all__ = ["main"]
