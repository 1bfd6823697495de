"""Register workbooks whose XML is changed by hand, as other programs, damage or malice leave it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping

from openpyxl import load_workbook


def part_of(content: bytes, sheet: str) -> str:
    """The name of the part inside the package that holds a sheet."""
    names = load_workbook(io.BytesIO(content)).sheetnames
    return f"xl/worksheets/sheet{names.index(sheet) + 1}.xml"


def rewritten(content: bytes, changes: Mapping[str, Callable[[str], str]]) -> bytes:
    """The package with some of its parts changed as text."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, changes[name](data.decode()).encode() if name in changes else data)
    return target.getvalue()


def cell_as(content: bytes, sheet: str, place: str, xml: str) -> bytes:
    """The workbook with the element of one cell put in place of the present one."""
    part = part_of(content, sheet)
    whole = re.compile(rf'<c r="{place}"[^>]*?(?:/>|>.*?</c>)')
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert whole.search(package.read(part).decode()), place
    return rewritten(content, {part: lambda text: whole.sub(lambda _: xml, text, count=1)})


def sheet_as(content: bytes, sheet: str, change: Callable[[str], str]) -> bytes:
    """The workbook with the XML of one sheet changed."""
    return rewritten(content, {part_of(content, sheet): change})
