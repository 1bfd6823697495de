"""Whether the distance between collection and receipt is a fault of data quality (数据质量管理办法：数据即时、真实).

A clock ahead, a clock behind and a link that is slow all end here; which of them it is a person must find out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Offset:
    """The worst that a gateway's times were since they became doubtful, in seconds, and how often they jumped.

    ``refused``: packets that were refused for their time and so are missing from history.
    """

    ahead_s: int
    behind_s: int
    jumps: int = 0
    refused: int = 0

    def is_fault(self, lasted: timedelta, limit: timedelta, for_at_least: timedelta) -> bool:
        """Packets were refused, or samples have come beyond the limit for long enough."""
        beyond = max(self.ahead_s, self.behind_s) > limit.total_seconds()
        return bool(self.refused) or (beyond and lasted >= for_at_least)


def words(offset: Offset) -> str:
    """The offset in Chinese, for findings and lists; what is smaller than a second is not mentioned."""
    parts = []
    if offset.behind_s:
        parts.append(f"采集时间比接收时间最多早 {length(offset.behind_s)}")
    if offset.ahead_s:
        parts.append(f"采集时间比接收时间最多晚 {length(offset.ahead_s)}")
    if offset.jumps:
        parts.append(f"跳动 {offset.jumps} 次")
    if offset.refused:
        parts.append(f"因此拒收 {offset.refused} 个报文")
    return "，".join(parts) + "；请校准网关时钟或检查链路" if parts else "采集时间与接收时间相符"


def length(seconds: int) -> str:
    """Seconds in the unit that a person would use, rounded down."""
    if seconds < 120:
        return f"{seconds} 秒"
    if seconds < 2 * 3600:
        return f"{seconds // 60} 分"
    return f"{seconds // 3600} 小时" if seconds < 48 * 3600 else f"{seconds // 86400} 天"
