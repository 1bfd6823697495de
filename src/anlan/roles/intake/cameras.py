"""``POST /api/v1/cameras/state``: cameras' states by the gateway's own credential, each taken or refused by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from anlan.apps.gateways.services.cameras import Report
from anlan.roles.intake.answers import JSON, Answer, Told, encode, not_now
from anlan.roles.intake.tag_lists import RecordsUnavailable

PATH = "/api/v1/cameras/state"
LARGEST = 1024 * 1024
MOST = 2000
"""Cameras of one request."""
Keep = Callable[[str, Sequence[Report], datetime], Awaitable[list[str]]]
"""Gateway, reports and the present → why each was refused; raises `RecordsUnavailable`."""


class _State(msgspec.Struct):
    code: str
    state: str
    at: datetime


class _States(msgspec.Struct, forbid_unknown_fields=True):
    cameras: list[Any]


async def take(gateway: str, body: bytes, now: datetime, keep: Keep) -> Told:
    """What a request is answered, when all that it tells of is on record. Raises `Answer` for what is no such list."""
    try:
        told = msgspec.json.decode(body, type=_States).cameras
    except (msgspec.DecodeError, RecursionError) as error:
        raise Answer(400, 'the body should be {"cameras": [{"code", "state", "at"}]}：应为摄像头状态的列表') from error
    if not told or len(told) > MOST:
        raise Answer(400, f"一次应有 1 至 {MOST} 个摄像头")
    answers = [""] * len(told)
    reports: list[Report] = []
    places: list[int] = []
    for place, each in enumerate(told):
        try:
            state = msgspec.convert(each, type=_State)
            if state.at.tzinfo is None:
                raise msgspec.ValidationError("at")
        except msgspec.ValidationError:
            answers[place] = "应有 code、state 和带时区的 at"
        else:
            reports.append(Report(state.code, state.state, state.at))
            places.append(place)
    try:
        for place, why in zip(places, await keep(gateway, reports, now) if reports else (), strict=True):
            answers[place] = why
    except RecordsUnavailable as error:
        raise not_now("平台的记录暂不可用，请稍后重发") from error
    refused = [{"index": place, "code": _code(told[place]), "detail": why} for place, why in enumerate(answers) if why]
    accepted = len(answers) - len(refused)
    return 200 if accepted else 400, encode({"accepted": accepted, "refused": refused}), (JSON,)


def _code(each: Any) -> str:
    return str(each.get("code", ""))[:40] if isinstance(each, dict) else ""
