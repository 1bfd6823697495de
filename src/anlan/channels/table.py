"""Reads one table ``[channels.<name>]`` of the settings. Every error names the setting; none shows its value.

Only the words are judged, never the world: a disk or a network that is away must not keep the platform from starting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from anlan.channels.http import Wire
from anlan.config import ConfigError

LONGEST_TIMEOUT_S = 30.0
"""A channel must end well inside the lease under which the outbox sends."""


class Table:
    """Typed reading of one table; `done` refuses what nobody asked for, so a misspelt setting is never a default."""

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        self.name = name
        self._values = dict(values)
        self.asked = {"type"}
        """Names of the settings that were asked for so far."""
        self.secrets: list[str] = []
        """Values that no text may show."""

    def refuse(self, key: str, words: str) -> ConfigError:
        """The error that says what is wrong with one setting; the caller raises it."""
        return ConfigError(f"设置 channels.{self.name}.{key} {words}")

    def _take(self, key: str) -> Any:
        self.asked.add(key)
        return self._values.get(key)

    def text(self, key: str, default: str | None = None, *, among: Sequence[str] = (), secret: bool = False) -> str:
        """A text; without ``default`` it must be there and not be empty. ``among`` lists the values allowed."""
        raw = self._take(key)
        if raw is None or raw == "":
            if default is None:
                raise self.refuse(key, "没有填写")
            return default
        if isinstance(raw, (dict, list, bool)):
            raise self.refuse(key, "应是文字")
        value = str(raw)
        if among and value not in among:
            raise self.refuse(key, f"只能是 {'、'.join(among)} 之一")
        if secret:
            self.secrets.append(value)
        return value

    def number(self, key: str, default: float, least: float, most: float) -> float:
        """A number between ``least`` and ``most``, both inclusive."""
        raw = self._take(key)
        if raw is None:
            return default
        if isinstance(raw, bool) or not isinstance(raw, (int, float)):
            raise self.refuse(key, "应是数")
        if not least <= raw <= most:
            raise self.refuse(key, f"应在 {least:g} 与 {most:g} 之间")
        return float(raw)

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        raw = self._take(key)
        if raw is None:
            return default
        if not isinstance(raw, bool):
            raise self.refuse(key, "应是 true 或 false")
        return raw

    def texts(self, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """A list of texts; a single text or number counts as a list of one."""
        raw = self._take(key)
        if raw is None:
            return tuple(default)
        if isinstance(raw, (str, int)) and not isinstance(raw, bool):
            raw = [raw]
        if not isinstance(raw, list) or any(isinstance(each, (dict, list)) for each in raw):
            raise self.refuse(key, "应是文字的列表")
        return tuple(_plain(each) for each in raw)

    def table(self, key: str, default: Mapping[str, Any] | None = None, *, secret: bool = False) -> dict[str, Any]:
        """A table of its own; with ``secret`` none of its texts may be shown."""
        raw = self._take(key)
        if raw is None:
            return dict(default or {})
        if not isinstance(raw, Mapping):
            raise self.refuse(key, "应是表")
        if secret:
            self.secrets += [str(value) for value in raw.values()]
        return dict(raw)

    def anything(self, key: str, default: Any = None) -> Any:
        """A value of any shape, for a template to look through."""
        raw = self._take(key)
        return default if raw is None else raw

    def url(self, key: str, default: str | None = None) -> str:
        """A web address with http or https; what stands in its query or before its host is kept secret."""
        value = self.text(key, default)
        if not value:
            return value
        try:
            parts = urlsplit(value)
            known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            known = False
        if not known:
            raise self.refuse(key, "应是 http 或 https 开头的完整地址")
        self.secrets += [part for _name, part in parse_qsl(parts.query)]
        self.secrets += [part for part in (parts.password, parts.username) if part]
        return value

    def rate(self, default: float | None = None) -> float | None:
        """``rate``: letters per second; 0 means no limit."""
        value = self.number("rate", default or 0.0, 0.0, 10_000.0)
        return value or None

    def timeout_s(self) -> float:
        """``timeout_s``: the whole of one try."""
        return self.number("timeout_s", 10.0, 0.1, LONGEST_TIMEOUT_S)

    def wire(self) -> Wire:
        """``proxy``, ``ca_file`` and ``timeout_s`` as the way to a web server. Call after all secrets were read."""
        proxy, ca_file, timeout_s = self.url("proxy", ""), self.text("ca_file", ""), self.timeout_s()
        return Wire(timeout_s=timeout_s, secrets=tuple(self.secrets), proxy=proxy, ca_file=ca_file)

    def done(self) -> None:
        """Refuse settings that this type of channel does not know."""
        unknown = sorted(set(self._values) - self.asked)
        if unknown:
            raise self.refuse(unknown[0], "不存在，这种渠道没有这个设置")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
