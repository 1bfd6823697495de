"""What stands between gateways and the log, as the machine and the operations pages read it."""

from __future__ import annotations

from django.db.models import QuerySet

from anlan.apps.gateways.models import SequenceGap, Suspension, TagList
from anlan.apps.org.scope import Scope


def tag_list(gateway: str, tags_hash: str) -> list[str] | None:
    """The tags of an agreed list in the order sent, None when there is none. Machine's own read."""
    rows = TagList.objects.by_the_machine().filter(gateway__code=gateway, tags_hash=tags_hash)
    found = rows.values_list("tags", flat=True).first()
    return None if found is None else found.split("\n")


def tag_list_sizes(gateway: str) -> dict[str, int]:
    """The agreed lists of a gateway: hash → number of tags. Machine's own read."""
    rows = TagList.objects.by_the_machine().filter(gateway__code=gateway)
    return dict(rows.values_list("tags_hash", "count"))


def gaps_in(scope: Scope) -> QuerySet[SequenceGap]:
    """Missing numbers of the gateways in scope, with gateway and enterprise."""
    return SequenceGap.objects.visible_to(scope).select_related("gateway", "enterprise")


def suspensions_in(scope: Scope) -> QuerySet[Suspension]:
    """Pauses of the gateways in scope, with gateway and enterprise."""
    return Suspension.objects.visible_to(scope).select_related("gateway", "enterprise")
