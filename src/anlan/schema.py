"""Fields of records that people fill in, declared once: form, list, workbook, API and print page are drawn from them.

A `Field` reads what a person typed, in a cell or in a form, into one value, and shows it again such that reading gives
the value back. It judges a value by itself alone; what it means beside others is judged by whoever owns the record.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from anlan import addresses, border
from anlan.plain import lines, one_line
from anlan.rules.calendar import CIVIL_ZONE, civil

YES, NO = "是", "否"
NONE = "无"
"""The answer to a mandatory question that does not apply: typed, never left empty."""
LONGEST_CODE = 40
LONGEST_ANSWER = 2000
"""Letters of any answer, a list of choices among them; what is longer is not read, nor said again in a refusal."""
SAFE_DIGITS = 15
"""Spreadsheets keep so many digits of a number; a longer code typed as a number has lost the rest."""
_NUMBER = re.compile(r"[+-]?([1-9][0-9]{0,2}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
"""ASCII digits; a comma only between groups of three."""
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_MOMENT = re.compile(_DAY.pattern + r"[ T]+([0-9]{1,2})[:：]([0-9]{2})([:：]([0-9]{2}))?")
_HALF_WIDTH = {0xFF01 + at: 0x21 + at for at in range(94)} | {0x2212: 0x2D, 0xFE63: 0x2D}
"""Full-width signs and the signs for minus. Not raised or circled digits: 10² is not 102."""
KINDS = {
    "text": "文字",
    "words": "文字",
    "code": "编码",
    "number": "数值",
    "whole": "整数",
    "flag": f"{YES} / {NO}",
    "choice": "",
    "choices": "",
    "day": "日期，如 2024-03-01",
    "moment": "时刻，如 2024-03-01 09:30（北京时间）",
    "phone": "电话号码",
    "desk": "电话号码",
    "mail": "邮箱地址",
}


@dataclass(frozen=True)
class Field:
    """One declared field. ``key`` is also the field of the record unless its owner says otherwise.

    ``kind``: text, words (several lines), code (text without blanks), number, whole, flag (是/否), choice, choices
    (several, joined by 、), day, moment, phone, desk (a duty desk's number), mail: in their one form, refused where
    they have none. ``ref`` names the sheet or record whose code stands here. ``default`` is what an empty optional
    field means. ``guards``: an empty one takes a protection away, which is never done in passing.
    """

    key: str
    title: Any
    meaning: Any = ""
    kind: str = "text"
    required: bool = False
    """It must be answered; `NONE` and zero are answers, an empty field is not."""
    choices: tuple[tuple[str, str], ...] = ()
    ref: str = ""
    default: Any = ""
    private: bool = False
    """Personal data: its values stand in no journal, and are masked for whoever may not read them."""
    guards: bool = False
    unit: str = ""
    least: float | None = None
    most: float | None = None
    """Bounds of a number, both included."""
    longest: int = 500
    """Letters of a text."""
    article: str = ""
    """Where a regulation asks for it; empty for one of the house."""
    listed: bool = True
    """It is a column of the list; the workbook and the record's page have it in any case."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.key}: no kind {self.kind!r}")

    @property
    def kind_words(self) -> str:
        """For the explanations beside a form or in a workbook."""
        if self.choices:
            how = "可填多项，用、隔开：" if self.kind == "choices" else "填其中之一："
            return how + "、".join(str(label) for _, label in self.choices if label)
        if self.ref:
            return f"“{self.ref}”中的编码"
        return KINDS[self.kind] + (f"，{self.unit}" if self.unit else "")

    def read(self, cell: Any) -> Any:
        """The value of what was typed. Raises ValueError with a Chinese reason."""
        if self.kind == "words" and isinstance(cell, str):
            text = lines(_whole(cell)).strip()
        elif isinstance(cell, datetime | date):
            text = cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
        else:
            text = text_of(cell)
        if not text:
            if self.required:
                raise ValueError("必须填写")
            return list(self.default) if self.kind == "choices" else self.default
        if len(text) > max(self.longest, LONGEST_ANSWER):
            raise ValueError(f"超过 {max(self.longest, LONGEST_ANSWER)} 个字符")
        match self.kind:
            case "code":
                return self._code(cell, text)
            case "number" | "whole":
                return self._number(cell, text)
            case "flag":
                return self._flag(text)
            case "choice":
                return self._choice(text)
            case "choices":
                parts = [part.strip() for part in text.replace("，", "、").replace(",", "、").split("、")]
                return list(dict.fromkeys(self._choice(part) for part in parts if part))
            case "day":
                return self._day(text)
            case "moment":
                return self._moment(cell, text)
            case "phone" | "desk":
                return addresses.tidy_phone(_whole_digits(cell, text), desk=self.kind == "desk")
            case "mail":
                return addresses.tidy_mail(text)
        if len(text) > self.longest:
            raise ValueError(f"超过 {self.longest} 个字符")
        return _whole_digits(cell, text)

    def show(self, value: Any) -> Any:
        """The cell of a value, such that reading it gives the value again."""
        if value is None:
            return None
        match self.kind:
            case "flag" if isinstance(value, bool):
                return YES if value else NO
            case "choice" | "choices" if isinstance(value, str):
                return dict(self.choices).get(value, value) or None
            case "choice" | "choices" if isinstance(value, Iterable):
                return "、".join(str(dict(self.choices).get(str(each), each)) for each in value)
        return value

    def in_words(self, value: Any) -> str:
        """A value as a person reads it beside the field's title, with its unit; empty for none."""
        if isinstance(value, datetime):
            return f"{civil(value):%Y-%m-%d %H:%M}"
        shown = self.show(value)
        if shown is None or shown == "":
            return ""
        return (f"{shown:.15g}" if isinstance(shown, float) else str(shown)) + (f" {self.unit}" if self.unit else "")

    def stored(self, value: Any) -> Any:
        """A value as JSON holds it; see `taken`."""
        if isinstance(value, datetime):
            return civil(value).isoformat()
        return value.isoformat() if isinstance(value, date) else value

    def taken(self, kept: Any) -> Any:
        """A value out of JSON; what nothing can read any more stays the text that it is."""
        try:
            if self.kind == "day" and kept:
                return date.fromisoformat(kept)
            if self.kind == "moment" and kept:
                moment = datetime.fromisoformat(kept)
                return moment if moment.tzinfo is not None else kept
        except (TypeError, ValueError):
            return kept
        return kept

    def _code(self, cell: Any, text: str) -> str:
        if any(character.isspace() for character in text):
            raise ValueError(f"“{text}”中有空白")
        strange = "".join(dict.fromkeys(character for character in text if not character.isascii()))
        if strange:
            raise ValueError(f"“{text}”中有全角或其他文字的字符“{strange}”，编码只用半角字母、数字和符号")
        if len(text) > LONGEST_CODE:
            raise ValueError(f"超过 {LONGEST_CODE} 个字符")
        return _whole_digits(cell, text)

    def _number(self, cell: Any, text: str) -> float | int:
        if isinstance(cell, bool):
            raise ValueError(f"“{text}”不是数")
        typed = text.translate(_HALF_WIDTH)
        if not isinstance(cell, int | float) and not _NUMBER.fullmatch(typed):
            raise ValueError(f"“{text}”不是数" + ("；小数点用 . ，千分位每组三位" if "," in typed else ""))
        try:
            number = float(cell) if isinstance(cell, int | float) else float(typed.replace(",", ""))
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise ValueError(f"“{text[:40]}”不是数")
        if self.kind == "whole" and (number != int(number) or number < 0):
            raise ValueError(f"“{text}”不是非负整数")
        if (self.least is not None and number < self.least) or (self.most is not None and number > self.most):
            raise ValueError(f"“{text}”不在{self._bounds()}之内")
        return int(number) if self.kind == "whole" else number + 0.0  # a negative zero is zero

    def _bounds(self) -> str:
        least = "" if self.least is None else f"{self.least:g}"
        most = "" if self.most is None else f"{self.most:g}"
        return f"{least}～{most}" if least and most else f"{least or most} {'以上' if least else '以下'}"

    def _flag(self, text: str) -> bool:
        if text not in (YES, NO):
            raise ValueError(f"“{text}”只能填 {YES} 或 {NO}")
        return text == YES

    def _choice(self, text: str) -> str:
        for value, label in self.choices:
            if text in (value, str(label)):
                return value
        raise ValueError(f"“{text}”不在可选项中：{'、'.join(str(label) for _, label in self.choices if label)}")

    def _day(self, text: str) -> date:
        typed = text.translate(_HALF_WIDTH)
        found = _DAY.fullmatch(typed) or _DAY.fullmatch(typed.removesuffix(" 00:00:00"))
        if found is None:
            raise ValueError(f"“{text}”不是日期（如 2024-03-01）")
        return _real(text, *map(int, found.groups())).date()

    def _moment(self, cell: Any, text: str) -> datetime:
        if isinstance(cell, datetime) and cell.tzinfo is not None:
            return cell
        found = _MOMENT.fullmatch(text.translate(_HALF_WIDTH))
        if found is None:
            raise ValueError(f"“{text}”不是时刻（如 2024-03-01 09:30）")
        year, month, day, hour, minute, _, second = found.groups()
        return _real(text, int(year), int(month), int(day), int(hour), int(minute), int(second or 0))


@dataclass(frozen=True)
class Schema:
    """The fields of one sort of record, in their order."""

    fields: tuple[Field, ...]
    version: int = 1
    """Counts up when a field changes its meaning; a record keeps the version that it was filled in by."""
    by_key: Mapping[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_key = {each.key: each for each in self.fields}
        if len(by_key) < len(self.fields):
            raise ValueError("two fields have one key")
        object.__setattr__(self, "by_key", by_key)

    def __getitem__(self, key: str) -> Field:
        return self.by_key[key]

    def read(self, typed: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """The values of what was typed, and the reasons by field where something is wrong. What no field asks for is
        refused as well, under its own name."""
        values: dict[str, Any] = {}
        wrong = {key: "没有这个字段" for key in typed if key not in self.by_key}
        for each in self.fields:
            try:
                values[each.key] = each.read(typed.get(each.key))
            except ValueError as error:
                wrong[each.key] = str(error)
        return values, wrong

    def title(self, key: str) -> str:
        """The title of a field; the key itself where there is no such field."""
        return str(self.by_key[key].title) if key in self.by_key else key

    def shown(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values as they would be typed."""
        return {each.key: each.show(values.get(each.key, each.default)) for each in self.fields}

    def stored(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values as JSON holds them."""
        return {each.key: each.stored(values.get(each.key, each.default)) for each in self.fields}

    def taken(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        """Values out of JSON; a field that was not there when they were filled in has its default."""
        return {each.key: each.taken(kept.get(each.key, each.default)) for each in self.fields}

    def public(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What a journal may hold of values: those of personal fields are left out."""
        return {key: value for key, value in values.items() if key in self.by_key and not self.by_key[key].private}


def labelled(choices: Iterable[tuple[Any, Any]]) -> tuple[tuple[str, str], ...]:
    """Choices of a model as plain text."""
    return tuple((str(value), str(label)) for value, label in choices)


def options(*words: str) -> tuple[tuple[str, str], ...]:
    """Choices that are their own words."""
    return tuple((each, each) for each in words)


def text_of(cell: Any) -> str:
    """What was typed as text, as it is seen: without what cannot be seen, in one line.

    Line breaks and other control characters become one blank; blanks around are dropped. Raises ValueError for halves
    of characters, which nothing can show.
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return YES if cell else NO
    if isinstance(cell, int | float):
        return f"{cell:.15g}" if isinstance(cell, float) else str(cell)
    if isinstance(cell, list | tuple):
        return "、".join(text_of(each) for each in cell)
    return one_line(_whole(str(cell)))


def _whole(text: str) -> str:
    if any(unicodedata.category(character) == "Cs" for character in text):
        raise ValueError("文字中有残缺的字符，无法保存")
    return text


def _real(text: str, *parts: int) -> datetime:
    try:
        year, month, day, *time = parts
        hour, minute, second = (*time, 0, 0, 0)[:3]
        found = datetime(year, month, day, hour, minute, second, tzinfo=CIVIL_ZONE)
    except ValueError as error:
        raise ValueError(f"“{text}”不是真有的日期") from error
    try:
        border.within(found)
    except ValueError as error:
        raise ValueError(f"“{text}”不像真的日期") from error
    return found


def _whole_digits(cell: Any, text: str) -> str:
    """The text of a number that lost no digit."""
    if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= 10**SAFE_DIGITS:
        raise ValueError(f"作为数字只保留 {SAFE_DIGITS} 位，后面的已丢失；请把单元格设为文本格式后重新填写")
    return text
