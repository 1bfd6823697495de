"""Messages about a warning that its reader has not read yet: seeing the dossier is reading them."""

from __future__ import annotations

from anlan.apps.delivery.models import Message
from anlan.apps.org.scope import Scope
from anlan.apps.warnings.models import Warning


def unread(warning: Warning, scope: Scope) -> list[Message]:
    """Unread messages about the warning that are addressed to whoever holds this scope."""
    rows = Message.objects.addressed_to(scope).filter(notice__subject=warning.subject, read_at__isnull=True)
    return list(rows.select_related("enterprise"))
