"""What an answer of intake means for the packets that were sent: the one decision on which "no loss" rests.

Pure. A packet may leave the local log only on a well-formed answer that accounts for it; an error page of a proxy, a
captive portal's 200 or half an answer leaves everything where it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """What the uplink does next."""

    SETTLED = "settled"  # every packet is accounted for; ``refused`` names those the centre will never take
    RETRY = "retry"  # the centre or the link is not ready; send the same again later
    CREDENTIALS = "credentials"  # key, gateway code or address is wrong; retry slowly and say so loudly
    SPLIT = "split"  # this batch cannot pass as one; send smaller pieces
    PLAIN = "plain"  # the centre does not take this encoding; send uncompressed


class RefusedPacket(msgspec.Struct, frozen=True):
    """One packet the centre will never take: its place in the batch and why."""

    index: int
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict, the refused packets (for ``SETTLED``) and the seconds the centre asked to wait, if it did."""

    verdict: Verdict
    refused: list[RefusedPacket] = field(default_factory=list)
    detail: str = ""
    retry_after: float | None = None


class _Answer(msgspec.Struct):
    accepted: int
    duplicates: int
    refused: list[RefusedPacket]


_ANSWER = msgspec.json.Decoder(_Answer)


def decide(status: int, body: bytes, sent: int, retry_after: str | None = None) -> Decision:
    """Judge one answer to a batch of ``sent`` packets.

    200 and 400 settle only if accepted + duplicates + refused account for all ``sent``. A 400 that does not is split
    until the single packet that offends is alone.
    """
    if status in (200, 400):
        answer = _parse(body, sent)
        if answer is not None:
            return Decision(Verdict.SETTLED, refused=answer.refused)
        if status == 400:
            return Decision(Verdict.SPLIT, detail=_excerpt(body))
        return Decision(Verdict.RETRY, detail="应答不是预期的格式: " + _excerpt(body))
    if status == 413:
        return Decision(Verdict.SPLIT, detail="批次过大")
    if status == 415:
        return Decision(Verdict.PLAIN, detail="中心不接受该压缩方式")
    if status in (408, 425, 429) or status >= 500:
        return Decision(Verdict.RETRY, detail=f"HTTP {status}", retry_after=_seconds(retry_after))
    return Decision(Verdict.CREDENTIALS, detail=f"HTTP {status} " + _excerpt(body))


def _parse(body: bytes, sent: int) -> _Answer | None:
    try:
        answer = _ANSWER.decode(body)
    except msgspec.MsgspecError:
        return None
    places = {refusal.index for refusal in answer.refused}
    if len(places) != len(answer.refused) or any(not 0 <= place < sent for place in places):
        return None
    if min(answer.accepted, answer.duplicates) < 0 or answer.accepted + answer.duplicates + len(places) != sent:
        return None
    return answer


def _seconds(text: str | None) -> float | None:
    # Only the form in seconds is honoured; a date form would need this machine's clock to be right.
    if text is None or not text.strip().isdigit():
        return None
    return min(float(text.strip()), 300.0)


def _excerpt(body: bytes) -> str:
    return body[:200].decode("utf-8", "replace").strip()
