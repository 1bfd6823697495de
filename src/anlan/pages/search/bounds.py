"""How much a search shows."""

MOST = 12
"""Hits of one kind."""
