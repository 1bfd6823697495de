"""The columns of the first seals, for those that were made before seals named theirs."""

from __future__ import annotations

from collections.abc import Mapping

FIRST: Mapping[str, tuple[str, ...]] = {
    "warnings.Warning": ("number", "enterprise_id", "source_id", "origin", "opened_at"),
    "warnings.LevelEpisode": ("warning_id", "level", "started_at", "clock_started_at", "ladder"),
    "warnings.Confirmation": ("warning_id", "person_id", "name", "post", "at", "text"),
    "warnings.Act": ("warning_id", "kind", "actor_name", "unit", "at", "text"),
    "warnings.SiteOrder": ("warning_id", "tracker_id", "due_at", "issued_at"),
    "warnings.DisposalReport": (
        "warning_id",
        "result",
        "cause",
        "measures",
        "reporter",
        "due_at",
        "submitted_at",
    ),
    "delivery.Notice": (
        "key",
        "kind",
        "subject",
        "source_id",
        "level",
        "step",
        "due_at",
        "sent_at",
        "missed",
        "title",
        "body",
    ),
    "delivery.Message": ("notice_id", "recipient", "recipient_name", "slot"),
    "alarms.Shelving": ("point_id", "side", "reason", "minutes", "asked_at", "asked_by", "approver"),
    "alarms.SuppressionRule": (
        "enterprise_id",
        "code",
        "version",
        "condition_id",
        "comparison",
        "threshold",
        "side",
        "reason",
        "proposed_at",
        "proposed_by",
    ),
    "findings.FindingStep": ("finding_id", "kind", "actor_name", "unit", "at", "text"),
}
"""What seals cover that were made before seals named their columns."""

RENAMED: Mapping[str, Mapping[str, str]] = {
    "warnings.Act": {"actor": "actor_name"},
    "findings.FindingStep": {"actor": "actor_name"},
}
"""Columns by the names that seals of older versions know them by."""
