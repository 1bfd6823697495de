"""What a column of the register workbook holds, and how a cell becomes a value and a value a cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

YES, NO = "是", "否"
LONGEST_CODE = 40


@dataclass(frozen=True)
class Column:
    """One declared column. ``key`` is also the field of the record unless the sheet says otherwise.

    ``kind``: text, code (text without blanks), number, whole, flag (是/否), choice, choices (several, joined by 、).
    ``ref`` names the sheet whose code stands here. ``default`` is what an empty optional cell means.
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

    @property
    def kind_words(self) -> str:
        """For the explanations in the workbook."""
        if self.choices:
            how = "可填多项，用、隔开：" if self.kind == "choices" else "填其中之一："
            return how + "、".join(label for _, label in self.choices if label)
        if self.ref:
            return f"“{self.ref}”中的编码"
        return {"text": "文字", "code": "编码", "number": "数值", "whole": "整数", "flag": f"{YES} / {NO}"}[self.kind]

    def read(self, cell: Any) -> Any:
        """The value of a cell. Raises ValueError with a Chinese reason."""
        text = _text(cell)
        if not text:
            if self.required:
                raise ValueError("必须填写")
            return list(self.default) if self.kind == "choices" else self.default
        match self.kind:
            case "code":
                if any(character.isspace() for character in text):
                    raise ValueError(f"“{text}”中有空白")
                if len(text) > LONGEST_CODE:
                    raise ValueError(f"超过 {LONGEST_CODE} 个字符")
                return text
            case "number" | "whole":
                return self._number(cell, text)
            case "flag":
                return self._flag(text)
            case "choice":
                return self._choice(text)
            case "choices":
                parts = [part.strip() for part in text.replace("，", "、").replace(",", "、").split("、")]
                return [self._choice(part) for part in parts if part]
        return text

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

    def _number(self, cell: Any, text: str) -> float | int:
        try:
            number = float(cell) if isinstance(cell, int | float) else float(text.replace("，", "").replace(",", ""))
        except ValueError:
            raise ValueError(f"“{text}”不是数") from None
        if not math.isfinite(number):
            raise ValueError(f"“{text}”不是数")
        if self.kind == "whole":
            if number != int(number) or number < 0:
                raise ValueError(f"“{text}”不是非负整数")
            return int(number)
        return number

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


def _text(cell: Any) -> str:
    """A cell as text: a code typed as a number loses nothing, a date becomes its day."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return YES if cell else NO
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return str(cell).strip()
