"""Ways of reaching a person, one file each. Imported by `anlan.apps.delivery` alone."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from anlan.channels.base import (
    AccountError,
    Channel,
    ChannelError,
    Earlier,
    Fault,
    Letter,
    LetterError,
    Need,
    NoSuchAddress,
    PermanentError,
    Receipt,
    ReceiptState,
    RecipientError,
    Report,
)
from anlan.channels.reports import ReportError
from anlan.channels.table import Table
from anlan.config import Config, ConfigError

TYPES = {
    "sms": "sms:build",
    "aliyun_sms": "aliyun:build",
    "tencent_sms": "tencent:build",
    "voice": "voice:build",
    "email": "mail:Mail",
    "wecom": "wecom:WeComMessage",
    "wecom_robot": "wecom:WeComRobot",
    "dingtalk": "dingtalk:DingTalkMessage",
    "dingtalk_robot": "dingtalk:DingTalkRobot",
    "webhook": "webhook:Webhook",
    "cap": "cap:Cap",
    "apprise": "apprise:build",
    "demo_phone": "demo_phone:DemoPhone",
}
"""What ``type`` may say, and who builds it from its table. A module is imported when it is used."""


def configured(config: Config) -> dict[str, Channel]:
    """The outside channels of this installation by name; the platform's own inbox is none of them.

    One for each table ``[channels.<name>]`` of the settings, and ``apprise`` when ``apprise_urls`` is set.
    Raises `ConfigError`, which names the setting and shows no secret.
    """
    channels: dict[str, Channel] = {}
    for name, values in config.channels.items():
        table = Table(name, values)
        if not (name.isascii() and name.replace("_", "a").replace("-", "a").isalnum() and len(name) <= 20):
            raise ConfigError(f"设置 channels.{name} 的名字只能用字母、数字、- 和 _，至多 20 个")
        module, builder = TYPES[table.text("type", among=tuple(TYPES))].split(":")
        build: Callable[[Table], Channel] = getattr(import_module(f"anlan.channels.{module}"), builder)
        channels[name] = build(table)
    if config.apprise_urls.strip():
        if "apprise" in channels:
            raise ConfigError("设置 apprise_urls 与 channels.apprise 只能填一个")
        from anlan.channels.apprise import AppriseChannel  # a heavy import, for those who use it

        channels["apprise"] = AppriseChannel(config.apprise_urls)
    return channels


__all__ = [
    "AccountError",
    "Channel",
    "ChannelError",
    "Earlier",
    "Fault",
    "Letter",
    "LetterError",
    "Need",
    "NoSuchAddress",
    "PermanentError",
    "Receipt",
    "ReceiptState",
    "RecipientError",
    "Report",
    "ReportError",
    "configured",
]
