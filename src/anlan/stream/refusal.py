"""Why a packet was not taken: one closed list of reasons, each with the words that sender and operator read.

A refusal is a record, never a silence. This module must never grow a reason called "other".
"""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """Reason of a refusal, as it stands in the intake's answer and in the quarantine."""

    MALFORMED = "malformed"
    NOT_UTF8 = "not_utf8"
    BAD_TIME = "bad_time"
    UNKNOWN_GATEWAY = "unknown_gateway"
    UNKNOWN_ENTERPRISE = "unknown_enterprise"
    FOREIGN = "foreign"
    FUTURE_DATED = "future_dated"
    TOO_OLD = "too_old"
    TOO_MANY_SAMPLES = "too_many_samples"
    TOO_MANY_PACKETS = "too_many_packets"
    TOO_BIG = "too_big"
    REPLAYED = "replayed"
    BAD_KEY = "bad_key"
    UNKNOWN_POINT = "unknown_point"
    CLAIMED = "claimed"
    UNREADABLE = "unreadable"
    ALTERED = "altered"
    UNKNOWN_TAGS = "unknown_tags"
    TOO_MANY_TAG_LISTS = "too_many_tag_lists"
    UNDECIPHERABLE = "undecipherable"
    SUSPENDED = "suspended"

    @property
    def label(self) -> str:
        """The reason in Chinese, for the sender's log and the operator's list."""
        return _LABELS[self]


_LABELS = {
    Refusal.MALFORMED: "报文格式错误",
    Refusal.NOT_UTF8: "报文不是 UTF-8 编码",
    Refusal.BAD_TIME: "采集时间无法识别",
    Refusal.UNKNOWN_GATEWAY: "网关未登记",
    Refusal.UNKNOWN_ENTERPRISE: "企业未登记",
    Refusal.FOREIGN: "报文不属于该网关",
    Refusal.FUTURE_DATED: "采集时间晚于当前时间",
    Refusal.TOO_OLD: "采集时间过早",
    Refusal.TOO_MANY_SAMPLES: "单个报文的指标数超过上限",
    Refusal.TOO_MANY_PACKETS: "单次请求的报文数超过上限",
    Refusal.TOO_BIG: "报文超过大小上限",
    Refusal.REPLAYED: "重复报文",
    Refusal.BAD_KEY: "网关密钥不符",
    Refusal.UNKNOWN_POINT: "指标未登记",
    Refusal.CLAIMED: "指标属于另一网关",
    Refusal.UNREADABLE: "日志中的记录无法读出",
    Refusal.ALTERED: "校验和不符",
    Refusal.UNKNOWN_TAGS: "点位清单未登记，请先发送清单",
    Refusal.TOO_MANY_TAG_LISTS: "点位清单过多",
    Refusal.UNDECIPHERABLE: "加密报文无法解开",
    Refusal.SUSPENDED: "废报文过多，暂停接收",
}


class PacketError(Exception):
    """A packet that is refused as a whole.

    `reason` is for machines, `detail` is a Chinese sentence for people; it never repeats more than a short excerpt of
    what was sent.
    """

    def __init__(self, reason: Refusal, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail or reason.label}")
        self.reason = reason
        self.detail = detail or reason.label
