"""The items of the daily commitment (每日风险研判与安全承诺), by their sections: all mandatory, zero is typed.

数据质量管理办法 第七条: 所有项均为必填. The items are those of the announcement that 应急〔2018〕74号 prescribes
and of the records that the national platform keeps. One declaration for form, interface, record, board and print.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.rules.commitment import DayRisk
from anlan.schema import Field, Schema, labelled


@dataclass(frozen=True)
class Part:
    """One section of the form. ``key`` names it where a drill leaves it out."""

    key: str
    title: Any
    fields: tuple[Field, ...]


def _count(key: str, title: Any, unit: str = "处", meaning: Any = "") -> Field:
    return Field(key, title, meaning, "whole", required=True, unit=unit, most=100_000)


def _flag(key: str, title: Any, meaning: Any = "") -> Field:
    return Field(key, title, meaning, "flag", required=True)


PARTS = (
    Part(
        "unit_states",
        _("生产装置"),
        (
            _count("units", _("生产装置总数"), "套", _("等于运行、停产、检修之和")),
            _count("running", _("运行"), "套"),
            _count("stopped", _("停产"), "套"),
            _count("in_repair", _("检修"), "套"),
            _count("starting", _("今日开车"), "套"),
            _count("stopping", _("今日停车"), "套"),
            _count("hazardous_processes", _("运行中的重点监管危险工艺"), "套"),
        ),
    ),
    Part(
        "special_work",
        _("特殊作业"),
        (
            _count("fire_special", _("特级动火")),
            _count("fire_first", _("一级动火")),
            _count("fire_second", _("二级动火")),
            _count("confined_space", _("进入受限空间")),
            _count("blinding", _("盲板抽堵")),
            _count("height", _("高处作业")),
            _count("lifting", _("吊装")),
            _count("temporary_power", _("临时用电")),
            _count("excavation", _("动土")),
            _count("road_closing", _("断路")),
        ),
    ),
    Part(
        "other_work",
        _("其他作业与变更"),
        (
            _count("repair_work", _("检维修")),
            _count("tank_transfer", _("倒罐"), "次"),
            _count("tank_cleaning", _("清罐"), "次"),
            _count("draining", _("切水"), "次"),
            _count("contractors", _("承包商"), "家"),
            _count("changes", _("变更"), "项"),
        ),
    ),
    Part(
        "states",
        _("状态"),
        (
            _flag("has_contractors", _("有承包商作业")),
            _flag("trial_production", _("处于试生产")),
            _flag("in_start_or_stop", _("处于开停车状态")),
            _flag("pilot_test", _("有中试、扩试")),
            _flag("major_hidden_danger", _("有未销号的重大隐患")),
            _flag("sources_safe", _("罐区、仓库等重大危险源处于安全状态")),
        ),
    ),
    Part(
        "risks",
        _("风险分布"),
        (
            _count("risk_major", _("重大风险点")),
            _count("risk_larger", _("较大风险点")),
            _count("risk_general", _("一般风险点")),
            _count("risk_low", _("低风险点")),
        ),
    ),
    Part(
        "assessment",
        _("今日风险等级"),
        (
            Field(
                "risk", _("今日风险等级"), _("选重大或较大，今日列入重点关注"), "choice", required=True,
                choices=labelled((
                    (str(DayRisk.MAJOR), _("重大（红）")), (str(DayRisk.LARGER), _("较大（橙）")),
                    (str(DayRisk.GENERAL), _("一般（黄）")), (str(DayRisk.LOW), _("低（蓝）")),
                )),
            ),
        ),
    ),
    Part(
        "measures",
        _("采取的主要措施"),
        (Field("measures", _("采取的主要措施"), _("今日各项风险的管控措施"), "words", required=True, longest=2000),),
    ),
)  # fmt: skip
"""In the order in which they are filled in and announced."""

SCHEMA = Schema(tuple(field for part in PARTS for field in part.fields))
HOT_WORK = ("fire_special", "fire_first", "fire_second")
GROUPS = {"hot_work": HOT_WORK, **{part.key: tuple(field.key for field in part.fields) for part in PARTS}}
"""Names of several items at once, for whoever speaks of a section: a drill, a truth check."""


def read(typed: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """The values of what was typed, the reasons where something is wrong, and the items that are still empty."""
    values, wrong = SCHEMA.read(typed)
    empty = [
        field.key for field in SCHEMA.fields if typed.get(field.key) in (None, "") or not str(typed[field.key]).strip()
    ]
    return values, {key: why for key, why in wrong.items() if key not in empty}, empty
