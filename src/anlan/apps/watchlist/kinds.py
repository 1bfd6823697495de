"""Reasons why an enterprise is watched on a day (重点关注, MON-10); each is declared by the app that finds it."""

from __future__ import annotations

from anlan.declared import Kinds

REASONS = Kinds("watch reasons")
