"""``gateway.toml`` → checked settings. Every fault is told in Chinese with the place where it stands.

One file may describe several gateways: one process then serves them all from one local log server, each with its own
buffer. Paths are relative to the file. Unknown keys are refused, so that a misspelt key is never silently a default.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from anlan.edge.table import ConfigError, Table
from anlan.edge.text import TextError, read_text

BACKLOG = ("interleaved", "live_first", "oldest_first")
"""How an old backlog shares the line with fresh packets (``[intake] backlog``)."""

FORMS = ("compact", "national")
"""How packets go up the line (``[intake] form``); a centre without the compact form is served the national one."""

LOG_FORMATS = ("text", "json")
"""How the gateway writes its log (``[local] log_format``)."""

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_MIB = 1024 * 1024


@dataclass(frozen=True)
class LocalConfig:
    """The buffer on this machine: folder, and size of each gateway's buffer before its oldest packets give way; where
    figures are served (0: any free port of loopback) and how the log is written."""

    store_dir: Path
    buffer_bytes: int = 512 * _MIB
    status_seconds: float = 5.0
    metrics_port: int = 0
    log_format: str = "text"


@dataclass(frozen=True)
class IntakeConfig:
    """Where packets go. ``url`` is the root of the intake; the path of the packet API is appended."""

    url: str
    timeout_seconds: float = 20.0
    batch_packets: int = 200
    batch_bytes: int = 256 * 1024
    ca_file: Path | None = None
    proxy: str | None = None
    backlog: str = BACKLOG[0]
    form: str = FORMS[0]

    @property
    def packets_url(self) -> str:
        return self.url.rstrip("/") + "/api/v1/packets"


@dataclass(frozen=True)
class GatewayConfig:
    """One gateway: identity, key, frame period in seconds, the driver's kind and its still unread section."""

    code: str
    enterprise: str
    key: str = field(repr=False)
    period_seconds: float
    driver: str
    options: Mapping[str, object] = field(repr=False)
    base_dir: Path


@dataclass(frozen=True)
class EdgeConfig:
    """Everything in one ``gateway.toml``."""

    local: LocalConfig
    intake: IntakeConfig
    gateways: tuple[GatewayConfig, ...]


def load(path: Path) -> EdgeConfig:
    """Read and check a configuration file; raises `ConfigError` with a Chinese message."""
    try:
        text = read_text(path)
    except TextError as error:
        raise ConfigError(f"读不到配置文件 {path}: {error}") from error
    return parse(text, path.parent)


def parse(text: str, base_dir: Path) -> EdgeConfig:
    """Check the text of a configuration; relative paths start at ``base_dir``."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"配置文件不是有效的 TOML: {error}") from error
    root = Table(raw, "配置文件")
    local = _local(root.table("local"), base_dir)
    intake = _intake(root.table("intake"), base_dir)
    gateways = tuple(_gateway(table, base_dir) for table in root.tables("gateway"))
    root.finish()
    if not gateways:
        raise ConfigError("配置文件里没有 [[gateway]]：至少要有一个网关")
    codes = [gateway.code for gateway in gateways]
    for code in codes:
        if codes.count(code) > 1:
            raise ConfigError(f"网关编码 {code} 出现了不止一次")
    return EdgeConfig(local, intake, gateways)


def _local(table: Table, base_dir: Path) -> LocalConfig:
    log_format = table.text("log_format", LOG_FORMATS[0])
    if log_format not in LOG_FORMATS:
        raise ConfigError(f"[local] log_format 只能是 {'、'.join(LOG_FORMATS)}，不能是 {log_format}")
    metrics_port = int(table.number("metrics_port", 0, least=0))
    if metrics_port > 65535:
        raise ConfigError(f"[local] metrics_port 不是端口: {metrics_port}")
    config = LocalConfig(
        store_dir=base_dir / table.text("store_dir"),
        buffer_bytes=int(table.number("buffer_mb", 512, least=1) * _MIB),
        status_seconds=table.number("status_s", 5.0, least=0.1),
        metrics_port=metrics_port,
        log_format=log_format,
    )
    table.finish()
    return config


def _intake(table: Table, base_dir: Path) -> IntakeConfig:
    url = table.text("url")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"[intake] url 不是网址: {url}")
    plain_allowed = table.flag("allow_plain_http", False)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not plain_allowed:
        raise ConfigError(
            "[intake] url 用了明文 http，网关密钥会暴露在网络上；请改用 https，确有加密专线时写 allow_plain_http = true"
        )
    ca_file = table.text("ca_file", "")
    if ca_file and not (base_dir / ca_file).is_file():
        raise ConfigError(f"[intake] ca_file 不存在: {base_dir / ca_file}")
    backlog = table.text("backlog", BACKLOG[0])
    if backlog not in BACKLOG:
        raise ConfigError(f"[intake] backlog 只能是 {'、'.join(BACKLOG)}，不能是 {backlog}")
    form = table.text("form", FORMS[0])
    if form not in FORMS:
        raise ConfigError(f"[intake] form 只能是 {'、'.join(FORMS)}，不能是 {form}")
    config = IntakeConfig(
        url=url,
        timeout_seconds=table.number("timeout_s", 20.0, least=0.1),
        batch_packets=int(table.number("batch_packets", 200, least=1)),
        batch_bytes=int(table.number("batch_kb", 256, least=1) * 1024),
        ca_file=base_dir / ca_file if ca_file else None,
        proxy=table.text("proxy", "") or None,
        backlog=backlog,
        form=form,
    )
    table.finish()
    return config


def _gateway(table: Table, base_dir: Path) -> GatewayConfig:
    code = table.text("code")
    if not code.isalnum() or not code.isascii():
        raise ConfigError(f"{table.place} code 只能由字母和数字组成: {code}")
    driver = table.table("driver")
    config = GatewayConfig(
        code=code,
        enterprise=table.text("enterprise"),
        key=_key(table, base_dir),
        period_seconds=table.number("period_s", 1.0, least=0.05),
        driver=driver.text("kind"),
        options=driver.rest(),
        base_dir=base_dir,
    )
    table.finish()
    return config


def _key(table: Table, base_dir: Path) -> str:
    key, key_file = table.text("key", ""), table.text("key_file", "")
    if bool(key) == bool(key_file):
        raise ConfigError(f"{table.place} 要写 key 或 key_file，两者取一")
    if key:
        return key
    path = base_dir / key_file
    try:
        text = read_text(path).strip()
    except TextError as error:
        raise ConfigError(f"{table.place} 读不到密钥文件 {path}: {error}") from error
    if not text:
        raise ConfigError(f"{table.place} 密钥文件 {path} 是空的")
    return text
