"""The announcement in words (安全风险研判与承诺公告), by the wording that 应急〔2018〕74号 prescribes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from anlan.apps.commitments.form import SCHEMA
from anlan.apps.commitments.models import CommitmentVersion

PROMISE = (
    "今天我公司已进行安全风险研判，各项安全风险防控措施已落实到位，我承诺所有生产装置处于安全运行状态，"
    "罐区、仓库等重大危险源安全风险得到有效管控。"
)


@dataclass(frozen=True)
class Announcement:
    """The parts of the text, as they stand on the board."""

    state: str
    measures: str
    promise: str
    signed: str


def announcement(version: CommitmentVersion) -> Announcement:
    """The text of one version. Bears no telephone number (COM-10)."""
    values = version.held
    acting = "（代）" if version.acting_for_id is not None else ""
    return Announcement(_state(values), str(values["measures"]), PROMISE, f"主要负责人{acting}：{version.actor_name}")


def _state(values: dict[str, Any]) -> str:
    def n(key: str) -> str:
        return f"{SCHEMA.title(key)} {values[key]} {SCHEMA[key].unit}"

    units = (
        f"生产装置 {values['units']} 套，其中运行 {values['running']} 套，停产 {values['stopped']} 套，"
        f"检修 {values['in_repair']} 套；今日开车 {values['starting']} 套，停车 {values['stopping']} 套。"
    )
    work = "，".join(
        n(key)
        for key in (
            "fire_special", "fire_first", "fire_second", "confined_space", "blinding", "height", "lifting",
            "temporary_power", "excavation", "road_closing",
        )
    )  # fmt: skip
    states = (
        f"{_is(values['trial_production'], '处于试生产')}，{_is(values['in_start_or_stop'], '处于开停车状态')}。"
        f"罐区、仓库等重大危险源{'处于' if values['sources_safe'] else '未处于'}安全状态。"
    )
    risk = SCHEMA["risk"].in_words(values["risk"])
    return f"{units}{work}。{states}今日风险等级：{risk}。"


def _is(value: bool, words: str) -> str:
    return words if value else f"未{words}"
