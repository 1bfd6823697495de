"""What of every table is proved, and how: the one list that a test holds against the models.

``sealed``: never changes once written; the auditor seals it (`sealing`). ``acted``: changes by acts only, and is
compared with them (`acts`). ``excused``: proved by nothing, by name and with the reason. A column that stands nowhere
fails the test, and so does a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Table:
    """One evidence table: its Chinese name, and its columns (but the key) by how they are proved."""

    title: str
    sealed: tuple[str, ...] = ()
    acted: tuple[str, ...] = ()
    excused: Mapping[str, str] = field(default_factory=dict)


_COPY = "a copy for sorting, worked out again at every decision"
_COUNT = "counted up by the machine without an act; decides nothing"
_SENDER = "the sender's own business: when and how often it tries; what became of the letter is compared"
_STREAM = "written by the engine from the log at the rate of the plant; acknowledgements are acts, not compared yet"

_SAID = (
    "key", "kind", "subject", "enterprise_id", "source_id", "level", "step", "due_at", "sent_at",
    "missed", "article", "title", "body",
)  # fmt: skip
"""What a notice says."""
_HANDED_IN = (
    "subject", "enterprise_id", "agency_id", "name", "media", "size", "original_sha256", "sha256", "width", "height",
    "taken_at", "longitude", "latitude", "actor_id", "actor_name", "unit", "at",
)  # fmt: skip
"""What is known of a file when it is handed in; its content is proved by its fingerprint (`anlan check files`)."""
_FILED = (
    "reach", "source_id", "device_id", "kind", "reason", "starts_at", "ends_at", "filed_at", "filed_by", "filed_by_id",
)  # fmt: skip
"""What was filed."""
_IDENTIFIED = (
    "unit", "kind", "why", "exposed", "amounts", "outcome", "is_major", "level", "made_at", "made_by", "made_by_id",
)  # fmt: skip
"""What an identification says from the day on which it was entered."""
_REVIEWED = (
    "state", "decided_at", "decided_by", "decided_by_id", "note", "source_id", "again_on", "asked_again", "filed_no",
    "filed_on", "filed_by", "filed_by_id", "ended_at", "ended_by", "ended_by_id",
)  # fmt: skip
"""What became of it."""
_WORK_SAID = (
    "kind", "grade", "content", "place", "unit_id", "begins_at", "ends_at", "persons", "contractor", "approver",
    "channel", "reporter", "reported_at", "entered_at", "entered_by", "entered_by_id", "entry", "is_late",
)  # fmt: skip
"""What was declared of a work."""
_WORK_ENDED = ("state", "ended_at", "ended_by", "ended_by_id", "note")
"""What became of it, and of a start, stop or overhaul."""
_UNIT_SAID = (
    "device_id", "work_unit_id", "change", "begins_at", "ends_at", "reason", "declared_at", "declared_by",
    "declared_by_id",
)  # fmt: skip
"""What was declared of a unit."""
_DAY_TOLD = ("nothing", "channel", "reporter", "reported_at", "entered_at", "entered_by", "entered_by_id")
"""How a day was reported, which what was told still earlier takes the place of."""
_DAY_CHECKED = (
    "state", "decided_at", "decided_by", "decided_by_id", "agency_id", "note", "answer", "answered_at", "answered_by",
    "answered_by_id",
)  # fmt: skip
"""How the report was checked."""
EVIDENCE: Mapping[str, Table] = {
    "warnings.Warning": Table(
        "预警",
        sealed=("number", "enterprise_id", "source_id", "opened_at"),
        acted=(
            "level",
            "rank",
            "highest",
            "origin",
            "issuer",
            "manual_level",
            "manual_by",
            "opened_at",
            "level_since",
            "confirmed_at",
            "cleared_at",
            "closed_at",
        ),
        excused={
            "reasons": "follow the alarms from grading to grading; those of each telling stand in the sealed notice",
            "first_out": "may be corrected by a sample that came late; each correction is an act of its own",
            "next_due_at": _COPY,
        },
    ),
    "warnings.LevelEpisode": Table(
        "级别段",
        sealed=("warning_id", "enterprise_id", "level", "started_at", "clock_started_at", "ladder"),
        acted=("level", "started_at", "ended_at", "ended_to"),
    ),
    "warnings.Told": Table(
        "告知",
        sealed=("warning_id", "enterprise_id", "recipient", "name", "slot", "at"),
        acted=("recipient", "name", "slot", "at"),
    ),
    "warnings.Confirmation": Table(
        "确认",
        sealed=("warning_id", "enterprise_id", "person_id", "name", "post", "at", "text", "automatic"),
        acted=("person_id", "post", "at", "text", "automatic"),
    ),
    "warnings.Act": Table(
        "处置经过",
        sealed=("warning_id", "enterprise_id", "kind", "actor_id", "actor_name", "unit", "at", "text"),
        acted=("kind", "actor_id", "actor_name", "unit", "at", "text"),
    ),
    "warnings.SiteOrder": Table(
        "督办",
        sealed=("warning_id", "enterprise_id", "episode_id", "tracker_id", "due_at", "issued_at"),
        acted=(
            "tracker_id",
            "due_at",
            "issued_at",
            "executor_id",
            "delegated_at",
            "arrived_at",
            "answered_at",
            "answered_by",
            "persons",
            "findings",
            "measures",
            "result",
        ),
    ),
    "warnings.DisposalReport": Table(
        "处置报告",
        sealed=(
            "warning_id",
            "enterprise_id",
            "result",
            "cause",
            "measures",
            "reporter",
            "person_id",
            "due_at",
            "submitted_at",
        ),
        acted=("result", "cause", "measures", "due_at", "submitted_at"),
    ),
    "obligations.Obligation": Table(
        "到期事项",
        sealed=("key", "kind", "subject", "enterprise_id", "source_id", "agency_id", "person_id", "step"),
        acted=("due_at", "state", "fired_at", "done_at"),
        excused={
            "evidence": "the record that it names, whose own step is an act",
            "article": "what its notice says stands in the notice, which is sealed",
            "payload": "what the clock needs to fire it; a flood writes its figures into it when it ends",
        },
    ),
    "delivery.Notice": Table(
        "通知",
        sealed=_SAID,
        acted=tuple(column for column in _SAID if column != "subject"),
        excused={"nobody_since": "while it reached nobody; beginning is an act, and the finding is evidence"},
    ),
    "delivery.Message": Table(
        "通知对象",
        sealed=(
            "notice_id",
            "enterprise_id",
            "recipient",
            "recipient_kind",
            "recipient_name",
            "slot",
            "acting_for",
            "person_id",
            "agency_id",
            "to_enterprise_id",
        ),
        acted=("recipient", "read_at", "read_by"),
    ),
    "delivery.Delivery": Table(
        "投递",
        sealed=("message_id", "channel", "contact_id", "sent_to", "key"),
        acted=("state", "sent_at", "delivered_at", "read_at", "provider_id"),
        excused=dict.fromkeys(
            ("priority", "attempts", "next_try_at", "claimed_until", "passed_on_at", "error", "refusals", "refused_at"),
            _SENDER,
        ),
    ),
    "delivery.FallBack": Table("转告", sealed=("message_id", "rung", "to_id", "enterprise_id", "at", "reason")),
    "findings.Finding": Table(
        "问题",
        sealed=("kind", "enterprise_id", "source_id", "subject", "text", "found_at", "found_by"),
        acted=(
            "kind",
            "subject",
            "text",
            "found_at",
            "found_by",
            "state",
            "assigned_at",
            "assigned_by_id",
            "rectification",
            "measures",
            "due_at",
            "limit_source",
            "seq",
            "overdue_at",
            "rectified_at",
            "verified_at",
            "closed_at",
        ),
        excused={"seen_at": _COUNT, "times": _COUNT},
    ),
    "findings.FindingStep": Table(
        "问题经过",
        sealed=("finding_id", "enterprise_id", "kind", "actor_id", "actor_name", "unit", "at", "text"),
        acted=("kind", "actor_id", "at", "text"),
    ),
    "findings.Clue": Table(
        "线索",
        sealed=("kind", "enterprise_id", "finding_id", "subject", "text", "label", "evidence", "sha256", "found_at"),
        excused={"state": "no act changes it yet"},
    ),
    "files.Attachment": Table(
        "附件",
        sealed=_HANDED_IN,
        acted=(
            *(column for column in _HANDED_IN if column not in ("actor_name", "unit")),
            "withdrawn_at",
            "withdrawn_by",
            "withdrawn_by_id",
            "withdrawn_why",
        ),
    ),
    "alarms.Filing": Table(
        "报备",
        sealed=("enterprise_id", *_FILED),
        acted=(
            *_FILED,
            "state",
            "decided_at",
            "decided_by",
            "decided_by_id",
            "agency_id",
            "note",
            "effective_at",
            "overdue_at",
            "ended_at",
            "ended_by",
            "ended_by_id",
        ),
    ),
    "alarms.Shelving": Table(
        "搁置",
        sealed=(
            "enterprise_id",
            "point_id",
            "side",
            "reason",
            "minutes",
            "asked_at",
            "asked_by",
            "asked_by_id",
            "approver",
        ),
        acted=(
            "point_id",
            "side",
            "state",
            "reason",
            "minutes",
            "asked_at",
            "asked_by",
            "asked_by_id",
            "approver",
            "decided_at",
            "decided_by",
            "decided_by_id",
            "note",
            "begins_at",
            "ends_at",
            "ended_at",
            "ended_by",
            "ended_by_id",
        ),
    ),
    "alarms.SuppressionRule": Table(
        "设计抑制",
        sealed=(
            "enterprise_id",
            "code",
            "version",
            "name",
            "condition_id",
            "comparison",
            "threshold",
            "side",
            "reason",
            "proposed_at",
            "proposed_by",
            "proposed_by_id",
        ),
        acted=(
            "code",
            "version",
            "name",
            "condition_id",
            "comparison",
            "threshold",
            "side",
            "reason",
            "state",
            "proposed_at",
            "proposed_by",
            "proposed_by_id",
            "decided_at",
            "decided_by",
            "decided_by_id",
            "agency_id",
            "note",
            "retired_at",
            "is_holding",
            "holds_since",
        ),
    ),
    "commitments.Commitment": Table(
        "安全承诺",
        sealed=("enterprise_id", "day"),
        acted=("day", "state", "version", "risk", "first_at", "seq", "acknowledged", "values"),
        excused=dict.fromkeys(
            ("schema_version", "entered_at", "entered_by", "entered_by_id"), "of the last entry, whose act says it"
        ),
    ),
    "commitments.CommitmentVersion": Table(
        "承诺版本",
        sealed=(
            "commitment_id",
            "enterprise_id",
            "number",
            "values",
            "schema_version",
            "risk",
            "changes",
            "acknowledged",
            "person_id",
            "acting_for_id",
            "entered_by",
            "taken_at",
            "actor_id",
            "actor_name",
            "unit",
            "at",
        ),
        acted=("number", "at", "actor_id", "values"),
    ),
    "commitments.WorkUnit": Table(
        "车间班组",
        sealed=("enterprise_id", "parent_id", "level", "name"),
        excused={"is_active": "ended by an act; what was handed in stays"},
    ),
    "commitments.Assessment": Table(
        "各级研判",
        sealed=(
            "unit_of_work_id",
            "enterprise_id",
            "day",
            "risk",
            "risks",
            "measures",
            "actor_id",
            "actor_name",
            "unit",
            "at",
        ),
    ),
    "watchlist.Watched": Table("重点关注", sealed=("enterprise_id", "day", "reason", "at", "subject", "text")),
    "ledgers.LedgerEntry": Table(
        "台账",
        sealed=("ledger", "enterprise_id", "made_at"),
        acted=("ledger", "version", "name", "source_id", "state", "values", "seq", "day", "due_on", "overdue_at"),
        excused={"changed_at": "the instant of the last act, which stands there"},
    ),
    "ledgers.LedgerStep": Table(
        "台账经过",
        sealed=(
            "entry_id",
            "enterprise_id",
            "seq",
            "verb",
            "text",
            "changes",
            "actor_id",
            "actor_name",
            "unit",
            "at",
        ),
        acted=("verb", "at", "text", "actor_id"),
    ),
    "gateways.CameraOutage": Table(
        "视频离线",
        sealed=("camera_id", "enterprise_id", "cause", "started_at", "detected_at"),
        excused={"ended_at": "the end of an outage is a report of the enterprise's system, kept nowhere else"},
    ),
    "gateways.OfflineSpell": Table(
        "离线",
        sealed=("gateway_id", "enterprise_id", "detected_at"),
        excused=dict.fromkeys(("started_at", "ended_at"), "moved by late data, which history proves"),
    ),
    "alarms.Retrospective": Table(
        "补传判定",
        sealed=("enterprise_id", "point_id", "side"),
        excused=dict.fromkeys(
            (
                "found_at",
                "source_id",
                "alarm_id",
                "shown",
                "worst",
                "limit",
                "extreme",
                "started_at",
                "cleared_at",
                "was_started_at",
                "received_at",
            ),
            "judged again from history whenever more late data come",
        ),
    ),
    "rulebook.Refinement": Table(
        "本地设定",
        sealed=(
            "agency_id",
            "key",
            "value",
            "effective_from",
            "effective_to",
            "document",
            "waiver",
            "entered_by",
            "entered_at",
        ),
    ),
    "registry.DutyHolder": Table(
        "包保责任人",
        sealed=("enterprise_id", "source_id", "person_id", "post", "valid_from"),
        excused={"valid_until": "its change is an act (holder_replaced) about the source; not compared yet"},
    ),
    "org.Deputy": Table(
        "代理",
        sealed=("person_id", "deputy_id", "declared_by", "declared_at"),
        excused=dict.fromkeys(("is_away", "valid_from", "valid_until"), "each change is an act; not compared yet"),
    ),
    "accounts.Grant": Table(
        "角色", acted=("user_id", "role", "agency_id", "enterprise_id", "valid_from", "valid_until")
    ),
    "registry.Point": Table(
        "点位限值",
        acted=("ll", "l", "h", "hh", "deadband", "on_delay_s", "off_delay_s", "flatline_s", "no_data_s", "unit"),
        excused=dict.fromkeys(
            (
                "code",
                "enterprise_id",
                "source_id",
                "device_id",
                "gateway_id",
                "tag",
                "name",
                "kind",
                "gas",
                "range_min",
                "range_max",
                "period_s",
                "decimals",
                "missing",
                "is_active",
                "registered_at",
                "revision",
                "valid_from",
            ),
            "the description of a point; its changes by workbook are acts with old and new, not compared yet",
        ),
    ),
    "identification.Identification": Table(
        "辨识与分级",
        sealed=("enterprise_id", *_IDENTIFIED),
        acted=(*_IDENTIFIED, *_REVIEWED),
    ),
    "permits.SpecialWork": Table("特殊作业", sealed=("enterprise_id", *_WORK_SAID), acted=(*_WORK_SAID, *_WORK_ENDED)),
    "permits.DayReport": Table(
        "特殊作业当日报告", sealed=("enterprise_id", "day"), acted=("day", *_DAY_TOLD, *_DAY_CHECKED)
    ),
    "unitstates.UnitState": Table(
        "装置开停车", sealed=("enterprise_id", *_UNIT_SAID), acted=(*_UNIT_SAID, *_WORK_ENDED)
    ),
    "changes.ChangeRequest": Table(
        "变更申请",
        sealed=("enterprise_id", "rows", "sha256", "reason", "asked_at", "asked_by", "asked_by_id", "expires_at"),
        acted=(
            "reason",
            "sha256",
            "state",
            "asked_at",
            "asked_by",
            "asked_by_id",
            "expires_at",
            "decided_at",
            "decided_by",
            "decided_by_id",
            "agency_id",
            "note",
            "ended_at",
            "ended_by",
            "ended_by_id",
        ),
    ),
    "registry.Revision": Table(
        "登记变更",
        sealed=(
            "enterprise_id",
            "subject",
            "number",
            "valid_from",
            "reason",
            "request",
            "before",
            "after",
            "actor_id",
            "actor_name",
            "unit",
            "at",
        ),
    ),
    "registry.Gateway": Table(
        "网关密钥",
        acted=("key_sha256",),
        excused=dict.fromkeys(
            ("code", "enterprise_id", "period_s", "is_active"), "the description of a gateway, not compared yet"
        ),
    ),
}
"""Every table that is evidence: of what was decided, told and done, or of who may decide what by which numbers."""

NOT_EVIDENCE: Mapping[str, str] = {
    "gateways.WayTest": "a test of the machine itself; its beginning and its end are acts",
    "journal.Chain": "proved by the chain itself",
    "journal.Entry": "proved by the chain itself",
    "journal.Repeat": "counts of refused attempts until they are journaled, within a minute or two",
    "org.Region": "the description of places",
    "org.Agency": "the description of agencies; changes by workbook are acts",
    "org.Section": "the description of agencies",
    "org.Person": "personal data, changed on wish",
    "org.Post": "the description of agencies; who may do what are the grants",
    "accounts.User": "log-ins; operators are compared with the acts that made them, the rest follows from grants",
    "accounts.Tries": "guesses at passwords, counted and forgotten",
    "accounts.Visit": "sessions, ended and removed",
    "registry.Park": "the description of places",
    "registry.Enterprise": "the description of enterprises; changes by workbook are acts",
    "registry.HazardSource": "the description of hazard sources; changes by workbook are acts",
    "registry.Employment": "the description of enterprises",
    "registry.Device": "the description of devices",
    "registry.Camera": "the description of cameras",
    "obligations.Tick": "signs of life, overwritten every few seconds",
    "delivery.Contact": "personal data, changed on wish; each change is an act with the address masked",
    "delivery.ChannelState": "how a channel fares now",
    "external.AlertSender": "who may hand in alerts; making and stopping are acts",
    "external.ExternalAlert": "alerts of other systems, kept with the document as it came; they start nothing here",
    "external.AlertArea": "as the alert",
    "external.AlertReference": "as the alert",
    "external.RefusedAlert": "what was refused, removed when its time is over",
    "history.Block": "samples; each block proves itself, and how many a day holds is sealed (`history_seal`)",
    "history.Rollup": "worked out from the blocks",
    "history.Position": "where a reader stands",
    "history.HistorianWorker": "who reads now",
    "history.LateStretch": "what is yet to be looked at",
    "history.Hold": "placing and lifting are acts",
    "history.Removal": "what was removed; each removal is an act",
    "drills.Uploaded": "drills are no evidence of what happened",
    "drills.Run": "drills are no evidence of what happened",
    "enrolment.Handed": "workbooks until they are brought in; what they did is an act",
    "alarms.Alarm": _STREAM,
    "alarms.AlarmEvent": _STREAM,
    "gateways.GatewayClock": "how a gateway's clock fares now",
    "alarms.EnginePosition": "where a reader stands",
    "alarms.EngineWorker": "who reads now",
    "alarms.EngineState": "the engine's memory",
    "gateways.TagList": "what a gateway announced last",
    "gateways.SequenceGap": "closed when what was missing comes",
    "gateways.Suspension": "gateways that were put off; lifting is an act",
    "gateways.EnterpriseCipher": "a key, kept encrypted; each change is an act",
    "gateways.GatewayLink": "how a gateway fares now",
    "gateways.Quarantined": "what was refused, with its excerpt",
    "warnings.DayNumber": "a counter",
    "warnings.Supervision": "worked out every day; each change is an act",
}
"""Every other table, with the reason."""
