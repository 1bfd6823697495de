"""Typed reading of one TOML table, with Chinese errors that name the place.

A table remembers which keys were asked for; `finish` refuses the others. It never guesses: a key of the wrong kind is
an error, not a conversion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_MISSING = object()


class ConfigError(ValueError):
    """The configuration cannot be used as it stands; the message is Chinese and says where and why."""


class Table:
    """One table of a configuration file, named ``place`` in messages."""

    def __init__(self, values: Mapping[str, object], place: str) -> None:
        self._values = values
        self._asked: set[str] = set()
        self.place = place

    def text(self, key: str, default: str | None = None) -> str:
        """A string; required and not empty unless a default is given."""
        value = self._take(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise ConfigError(f"{self.place} {key} 要写成非空的字符串")
        return value

    def number(self, key: str, default: float | None = None, *, least: float | None = None) -> float:
        """A number, not below ``least``."""
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{self.place} {key} 要写成数字")
        if least is not None and not value >= least:
            raise ConfigError(f"{self.place} {key} 不能小于 {least:g}")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        """``true`` or ``false``."""
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise ConfigError(f"{self.place} {key} 要写成 true 或 false")
        return value

    def choice(self, key: str, options: Iterable[str], default: str) -> str:
        """One of ``options``."""
        allowed = list(options)
        value = self.text(key, default)
        if value not in allowed:
            raise ConfigError(f"{self.place} {key} 只能是 {'、'.join(allowed)}，不能是 {value}")
        return value

    def items(self, key: str) -> list[object]:
        """A list, empty when absent."""
        value = self._take(key, [])
        if not isinstance(value, list):
            raise ConfigError(f"{self.place} {key} 要写成列表")
        return value

    def value(self, key: str) -> object:
        """A required value of any kind; whoever takes it checks it."""
        return self._take(key, None)

    def has(self, key: str) -> bool:
        return key in self._values

    def table(self, key: str) -> Table:
        """A required sub-table."""
        value = self._take(key, None)
        if not isinstance(value, Mapping):
            raise ConfigError(f"{self.place} 缺少 [{key}] 一节")
        return Table(value, f"[{key}]" if self.place == "配置文件" else f"{self.place}.{key}")

    def mapping(self, key: str) -> Mapping[str, object]:
        """An optional sub-table taken as it is, empty when absent."""
        value = self._take(key, {})
        if not isinstance(value, Mapping):
            raise ConfigError(f"{self.place} {key} 要写成表")
        return value

    def tables(self, key: str) -> list[Table]:
        """A list of tables (``[[key]]``), empty when absent."""
        found = []
        for index, value in enumerate(self.items(key), start=1):
            if not isinstance(value, Mapping):
                raise ConfigError(f"{self.place} {key} 要写成 [[{key}]]")
            found.append(Table(value, f"[[{key}]] 第 {index} 个"))
        return found

    def rest(self) -> dict[str, object]:
        """All keys not asked for so far; whoever takes them answers for them."""
        rest = {key: value for key, value in self._values.items() if key not in self._asked}
        self._asked.update(rest)
        return rest

    def finish(self) -> None:
        """Refuse keys that nobody asked for."""
        unknown = sorted(set(self._values) - self._asked)
        if unknown:
            raise ConfigError(f"{self.place} 有不认识的项: {'、'.join(unknown)}")

    def _take(self, key: str, default: object) -> object:
        self._asked.add(key)
        value = self._values.get(key, _MISSING)
        if value is not _MISSING:
            return value
        if default is None:
            raise ConfigError(f"{self.place} 缺少 {key}")
        return default
