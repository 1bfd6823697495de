"""Prints the figures of the installation that the settings name; `restore` reads them from a process of their own."""

from __future__ import annotations

import sys

from anlan.process import django

if __name__ == "__main__":
    django.start()
    from anlan.verbs.backup.facts import main

    sys.exit(main())
