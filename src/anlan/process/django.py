"""Starts Django inside a role's process."""

from __future__ import annotations

import os


def start() -> None:
    """Set Django up with our settings; a second call does nothing."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.site.settings")
    import django

    django.setup()
