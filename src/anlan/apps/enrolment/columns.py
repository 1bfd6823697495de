"""What a column of the register workbook holds, and how a cell becomes a value and a value a cell."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.utils.escape import unescape

from anlan import addresses
from anlan.plain import one_line

YES, NO = "是", "否"
LONGEST_CODE = 40
SAFE_DIGITS = 15
"""Spreadsheets keep so many digits of a number; a longer code typed as a number has lost the rest."""
_NUMBER = re.compile(r"[+-]?([1-9][0-9]{0,2}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
"""ASCII digits; a comma only between groups of three."""
_HALF_WIDTH = {0xFF01 + at: 0x21 + at for at in range(94)} | {0x2212: 0x2D, 0xFE63: 0x2D}
"""Full-width signs and the signs for minus. Not raised or circled digits: 10² is not 102."""


@dataclass(frozen=True)
class Column:
    """One declared column. ``key`` is also the field of the record unless the sheet says otherwise.

    ``kind``: text, code (text without blanks), number, whole, flag (是/否), choice, choices (several, joined by 、),
    phone, desk (a duty desk's number), mail: in their one form, refused by the record where they have none.
    ``ref`` names the sheet whose code stands here. ``default`` is what an empty optional cell means. ``guards``: an
    empty cell takes a protection away, which is never done in passing.
    """

    key: str
    title: str
    meaning: str
    kind: str = "text"
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    ref: str = ""
    default: Any = ""
    private: bool = False
    """Personal data: its values stand in no journal."""
    guards: bool = False

    @property
    def kind_words(self) -> str:
        """For the explanations in the workbook."""
        if self.choices:
            how = "可填多项，用、隔开：" if self.kind == "choices" else "填其中之一："
            return how + "、".join(label for _, label in self.choices if label)
        if self.ref:
            return f"“{self.ref}”中的编码"
        return {
            "text": "文字",
            "code": "编码",
            "number": "数值",
            "whole": "整数",
            "flag": f"{YES} / {NO}",
            "phone": "电话号码",
            "desk": "电话号码",
            "mail": "邮箱地址",
        }[self.kind]

    def read(self, cell: Any) -> Any:
        """The value of a cell. Raises ValueError with a Chinese reason."""
        text = text_of(cell)
        if not text:
            if self.required:
                raise ValueError("必须填写")
            return list(self.default) if self.kind == "choices" else self.default
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
                return [self._choice(part) for part in parts if part]
            case "phone" | "desk":
                return addresses.tidy_phone(_whole_digits(cell, text), desk=self.kind == "desk")
            case "mail":
                return addresses.tidy_mail(text)
        return _whole_digits(cell, text)

    def show(self, value: Any) -> Any:
        """The cell of a value, such that reading it gives the value again."""
        if value is None:
            return None
        match self.kind:
            case "flag":
                return YES if value else NO
            case "choice":
                return dict(self.choices).get(value, value) or None
            case "choices":
                return "、".join(dict(self.choices).get(each, each) for each in value)
        return value

    def in_words(self, value: Any) -> str:
        """A value as a person reads it beside the column's title; empty for none."""
        shown = self.show(value)
        return "" if shown is None else f"{shown:.12g}" if isinstance(shown, float) else str(shown)

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
        if self.kind == "whole":
            if number != int(number) or number < 0:
                raise ValueError(f"“{text}”不是非负整数")
            return int(number)
        return number + 0.0  # a negative zero is zero

    def _flag(self, text: str) -> bool:
        if text not in (YES, NO):
            raise ValueError(f"“{text}”只能填 {YES} 或 {NO}")
        return text == YES

    def _choice(self, text: str) -> str:
        for value, label in self.choices:
            if text in (value, label):
                return value
        raise ValueError(f"“{text}”不在可选项中：{'、'.join(label for _, label in self.choices if label)}")


def labelled(choices: Sequence[tuple[Any, Any]]) -> tuple[tuple[str, str], ...]:
    """Choices of a model as plain text."""
    return tuple((str(value), str(label)) for value, label in choices)


def text_of(cell: Any) -> str:
    """A cell as text, as it is seen: without what cannot be seen, in one line.

    Line breaks and other control characters (also as ``_x000D_``) become one blank; blanks around are dropped. Raises
    ValueError for halves of characters, which nothing can show.
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return YES if cell else NO
    if isinstance(cell, int | float):
        return f"{cell:.15g}" if isinstance(cell, float) else str(cell)
    text = unescape(str(cell))
    if any(unicodedata.category(character) == "Cs" for character in text):
        raise ValueError("文字中有残缺的字符，无法保存")
    return one_line(text)


def folded(title: str) -> str:
    """A title as it is compared: by its letters, whatever the width of its brackets and the blanks between."""
    return "".join(unicodedata.normalize("NFKC", title).split()).casefold()


def _whole_digits(cell: Any, text: str) -> str:
    """The text of a number that lost no digit."""
    if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= 10**SAFE_DIGITS:
        raise ValueError(f"作为数字只保留 {SAFE_DIGITS} 位，后面的已丢失；请把单元格设为文本格式后重新填写")
    return text
