"""Where packets come in: authenticate, check, bundle, and answer only when the log has them.

Nothing here decodes a sample, and nothing here waits for the database while a sender waits for an answer.
"""

from anlan.roles.intake.command import main

__all__ = ["main"]
