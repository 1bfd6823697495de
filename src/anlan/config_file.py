"""Reads the settings file and the environment, and says of what is wrong in one line: where, what, and what to do.

Nothing is guessed and nothing is left to fail later: a file that is none, a misspelt name, a value of the wrong kind or
out of its range, an address that no part of the product could use. Values are never repeated where they may be secret.
"""

from __future__ import annotations

import difflib
import json
import math
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PREFIX = "ANLAN_"
OTHERS = {"CONFIG", "SUPERVISOR_PID", "NUMBA"}
"""Names under the prefix that are no settings."""
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}
_KINDS = {int: "整数", float: "数", bool: "true 或 false", str: "文本", Path: "路径"}
_RANGES: dict[str, tuple[float, float]] = {
    "web_port": (0, 65_535), "intake_port": (0, 65_535), "nats_replicas": (1, 5), "engines": (1, 64),
    "historians": (1, 64), "frozen_after_seconds": (0, 86_400), "clock_scan_seconds": (0.01, 60),
    "log_max_gib": (0.001, 1e6), "disk_soft_mib": (0, 1e9), "data_max_gib": (0, 1e6), "ops_alert_minutes": (0, 1e5),
    "anchor_seconds": (1, 86_400), "audit_fresh_seconds": (0, 1e7), "backup_max_age_hours": (0, 1e6),
    "file_max_mib": (0.001, 1024), "files_per_subject": (1, 1000),
}  # fmt: skip
_CHOICES = {"log_format": ("text", "json"), "dead_man_method": ("GET", "POST")}
_SCHEMES = {
    "database_url": ("sqlite", "postgres", "postgresql"),
    "history_database_url": ("sqlite", "postgres", "postgresql"),
    "nats_url": ("nats", "tls"),
    "dead_man_url": ("http", "https"),
}


class ConfigError(ValueError):
    """A setting is unknown or cannot be used. The message is one Chinese line: where, which setting, what to do."""


@dataclass(frozen=True)
class _Place:
    """Where a setting stands: in a line of a file, or in the environment."""

    words: str
    name: str

    def wrong(self, what: str) -> ConfigError:
        return ConfigError(f"{self.words}：设置 {self.name} {what}")


def settings(kinds: Mapping[str, type], file: Path | None) -> dict[str, Any]:
    """What is set, by name: the environment over the file (``file``, else ``ANLAN_CONFIG``, else ``anlan.toml`` where
    there is one). ``kinds``: the settings that exist, each with its type. Raises `ConfigError`."""
    named = file or (Path(os.environ["ANLAN_CONFIG"]) if os.environ.get("ANLAN_CONFIG") else None)
    path = named or Path("anlan.toml")
    values: dict[str, Any] = {}
    if named is not None or path.exists():
        values = _of_file(kinds, path)
    for name, raw in _of_environment(kinds).items():
        values[name] = _value(_Place(f"环境变量 {PREFIX}{name.upper()}", name), kinds[name], raw)
    return values


def given(name: str, kind: type, value: object) -> Any:
    """One setting as it was given on a command line. Raises `ConfigError`."""
    return _value(_Place("命令行", name), kind, str(value) if kind is Path else value)


def _of_file(kinds: Mapping[str, type], path: Path) -> dict[str, Any]:
    text = _text(path)
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        at = f"{path} 第 {where[1]} 行第 {where[2]} 列" if where else f"{path} 末尾"
        reason = str(error).partition(" (at ")[0]
        raise ConfigError(f"{at}：不是合法的 TOML（{reason}）；写法是 名字 = 值，文本要加引号") from error
    values = {}
    for name, raw in found.items():
        place = _Place(f"{path} 第 {_line(text, name)} 行", name)
        if name not in kinds:
            raise place.wrong(f"不存在{_meant(name, kinds)}")
        values[name] = _value(place, kinds[name], raw)
    return values


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"设置文件 {path} 不是 UTF-8 编码；请用编辑器另存为 UTF-8") from error
    except FileNotFoundError as error:
        raise ConfigError(f"找不到设置文件 {path}；请检查 ANLAN_CONFIG") from error
    except IsADirectoryError as error:
        raise ConfigError(f"设置文件 {path} 是文件夹；请指明其中的文件，如 {path / 'anlan.toml'}") from error
    except OSError as error:
        raise ConfigError(f"设置文件 {path} 读不出（{error.strerror}）；请检查它的权限与所在磁盘") from error


def _of_environment(kinds: Mapping[str, type]) -> dict[str, str]:
    found = {}
    for name in kinds:
        raw = os.environ.get(f"{PREFIX}{name.upper()}")
        if raw is not None:
            found[name] = raw
    for variable in sorted(os.environ):
        if not variable.startswith(PREFIX) or variable.removeprefix(PREFIX) in OTHERS:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in kinds and (meant := _meant(name, kinds)):
            raise ConfigError(f"环境变量 {variable}：没有这个设置{meant}")
    return found


def _line(text: str, name: str) -> int:
    """The line of a top-level key or table; 1 where it cannot be told."""
    found = re.search(rf"""^[ \t]*(?:\[+[ \t]*)?["']?{re.escape(name)}["']?[ \t]*[=.\]]""", text, re.M)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _meant(name: str, kinds: Mapping[str, type]) -> str:
    close = difflib.get_close_matches(name, kinds, 1, 0.85)
    return f"，是不是 {close[0]}？" if close else ""


def _value(place: _Place, kind: type, raw: object) -> object:
    """A value as its setting wants it. A word of the environment is read; one of the file has its kind already."""
    if kind is dict:
        return _tables(place, raw)
    value = _read(place, kind, raw)
    if (bounds := _RANGES.get(place.name)) is not None:
        least, most = bounds
        if not least <= float(value) <= most:
            raise place.wrong(f"的值 {raw!r} 应在 {least:g} 到 {most:g} 之间")
    if (choices := _CHOICES.get(place.name)) is not None and value not in choices:
        raise place.wrong(f"的值 {raw!r} 不是 {' 或 '.join(choices)}")
    if place.name in _SCHEMES and value:
        _address(place, str(value))
    if place.name == "data_dir":
        _folder(place, Path(str(value)))
    return value


def _read(place: _Place, kind: type, raw: object) -> Any:
    wrong = place.wrong(f"的值 {raw!r} 不是{_KINDS[kind]}")
    if kind is bool:
        if isinstance(raw, bool):
            return raw
        word = raw.strip().lower() if isinstance(raw, str) else None
        if word not in _TRUE | _FALSE:
            raise wrong
        return word in _TRUE
    if kind in (str, Path):
        if not isinstance(raw, str):
            raise wrong
        if "\x00" in raw:
            raise place.wrong("的值里有空字符")
        return raw if kind is str else Path(raw).expanduser()
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise wrong
    try:
        number = float(raw)
        if not math.isfinite(number) or (kind is int and number != int(number)):
            raise wrong
        return int(raw) if kind is int else number
    except (ValueError, OverflowError) as error:
        raise wrong from error


def _address(place: _Place, value: str) -> None:
    """An address of a kind that is known, with a port that is one. What may hold a password is not repeated."""
    schemes = _SCHEMES[place.name]
    for each in value.split(","):
        try:
            parts = urlsplit(each.strip())
            port, scheme = parts.port, parts.scheme
        except ValueError as error:
            raise place.wrong("不是一个地址：端口或主机写错了") from error
        if scheme not in schemes:
            known = "、".join(f"{name}://" for name in schemes)
            raise place.wrong(f"的类型 {scheme or '（没有写）'} 不支持，应以 {known} 开头")
        if scheme != "sqlite" and not parts.hostname and (port or scheme not in ("postgres", "postgresql")):
            raise place.wrong("里没有主机名")
        if scheme in ("postgres", "postgresql") and not parts.path.strip("/"):
            raise place.wrong("里没有数据库的名字，写法是 postgresql://用户:密码@主机:端口/名字")
        if scheme == "sqlite" and not value.removeprefix("sqlite:///").strip():
            raise place.wrong("里没有文件，写法是 sqlite:///路径")


def _folder(place: _Place, path: Path) -> None:
    for each in (path, *path.absolute().parents):
        try:
            there = each.stat()
        except NotADirectoryError:
            continue
        except FileNotFoundError:
            continue
        except OSError as error:
            raise place.wrong(f"指的 {each} 读不出（{error.strerror}）") from error
        if not _is_folder(there.st_mode):
            raise place.wrong(f"指的 {each} 是文件，不是文件夹；请换一个路径，或把它移走")
        return


def _is_folder(mode: int) -> bool:
    return mode & 0o170000 == 0o040000


def _tables(place: _Place, raw: object) -> Mapping[str, Mapping[str, Any]]:
    """A table of tables. What is wrong is named, never shown: the tables hold secrets."""
    if isinstance(raw, str):
        try:
            raw = json.loads(raw or "{}")
        except ValueError:
            raise place.wrong("不是 JSON 对象") from None
    if not isinstance(raw, Mapping):
        raise place.wrong(f"应是表，如 [{place.name}.sms]")
    for key, table in raw.items():
        if not isinstance(table, Mapping):
            raise place.wrong(f"里的 {key} 应是表，如 [{place.name}.{key}]")
    return raw
