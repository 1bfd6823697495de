"""Tables of channels in the settings: read from the file and the environment, refused by name, never shown."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.contract.channels.kinds import KINDS, SECRET, Kind

from anlan import config as settings
from anlan.channels import TYPES, Need, configured
from anlan.channels.letters import FIELDS
from anlan.channels.table import Table
from anlan.config import Config, ConfigError

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "notify.md").read_text(encoding="utf-8")


def build(name: str = "x", **values: Any) -> Any:
    return configured(Config(channels={name: values}))[name]


def test_without_settings_there_is_no_outside_channel() -> None:
    assert configured(Config()) == {}


def test_every_type_is_under_contract() -> None:
    assert {kind.type for kind in KINDS} | {"email", "demo_phone"} == set(TYPES)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_every_setting_of_a_type_is_known_and_no_other(kind: Kind) -> None:
    channel = build(type=kind.type, rate=5, timeout_s=3, title="名称", **kind.settings("http://127.0.0.1:9"))
    assert (channel.name, channel.title, channel.rate, channel.timeout_s) == ("x", "名称", 5.0, 3.0)
    assert (channel.needs is Need.NOTHING) == (kind.address == "")
    with pytest.raises(ConfigError, match=r"channels\.x\.nonsense 不存在") as error:
        build(type=kind.type, nonsense=SECRET, **kind.settings("http://127.0.0.1:9"))
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_what_is_missing_or_of_the_wrong_kind_is_named(kind: Kind) -> None:
    values = {"type": kind.type, **kind.settings("http://127.0.0.1:9")}
    for key in values:
        for wrong in ([{"a": SECRET}], True):
            with pytest.raises(ConfigError, match=rf"channels\.x\.{key}") as error:
                build(**(values | {key: wrong}))
            assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "channels.x.type 没有填写"),
        ({"type": "pigeon"}, "channels.x.type 只能是"),
        ({"type": "sms"}, "channels.x.url 没有填写"),
        ({"type": "sms", "url": "ftp://x"}, "channels.x.url 应是 http"),
        ({"type": "sms", "url": "http://x:99999"}, "channels.x.url 应是 http"),
        ({"type": "sms", "url": "http://x", "body": {"to": "{fone}"}}, "占位符 {fone} 不存在"),
        ({"type": "sms", "url": "http://x/{fone}"}, "占位符 {fone} 不存在"),
        ({"type": "sms", "url": "http://x", "code_paths": ["a"]}, "channels.x.success 与 code_paths"),
        ({"type": "sms", "url": "http://x", "timeout_s": 60}, "channels.x.timeout_s 应在"),
        ({"type": "sms", "url": "http://x", "rate": "5"}, "channels.x.rate 应是数"),
        ({"type": "sms", "url": "http://x", "encoding": "form", "body": ["a"]}, "channels.x.body 在 encoding"),
        ({"type": "sms", "url": "http://x", "reports": {"secret": "short"}}, "channels.x.reports.secret 太短"),
        ({"type": "sms", "url": "http://x", "reports": {"secrets": "y"}}, "channels.x.reports.secrets 不存在"),
        ({"type": "webhook", "url": "http://x", "secret": "short"}, "channels.x.secret 太短"),
        ({"type": "webhook", "secret": SECRET}, "channels.x.url 与 allowed_hosts"),
        ({"type": "cap", "sender": "a b", "url": "http://x"}, "channels.x.sender"),
        ({"type": "cap", "sender": "a"}, "channels.x.url 与 folder"),
        ({"type": "email", "host": "h", "sender": "nobody"}, "channels.x.sender"),
        ({"type": "email", "host": "h", "sender": "a@b.example", "tls": "maybe"}, "channels.x.tls 只能是"),
        ({"type": "wecom", "corp_id": "c", "secret": SECRET, "agent_id": "seven"}, "channels.x.agent_id 应是数"),
        ({"type": "apprise", "urls": ["nosuch://x"]}, "channels.x.urls 的第 1 个"),
        ({"type": "tencent_sms", "secret_id": "i", "secret_key": SECRET, "app_id": "1", "sign_name": "s",
          "template_id": "1", "url": "http://x/path"}, "channels.x.url 后面不能再有路径"),
    ],
)  # fmt: skip
def test_a_fault_is_named_in_words(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as error:
        build(**values)
    assert words in str(error.value)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("name", ["短信", "a b", "", "x" * 21])
def test_a_name_must_fit_an_address_of_the_web(name: str) -> None:
    with pytest.raises(ConfigError, match="名字"):
        build(name, type="wecom_robot", key="k")


def test_the_settings_on_the_page_are_read() -> None:
    made: dict[str, Any] = {}
    for text in re.findall(r"^```toml\n(.*?)^```$", PAGE, re.M | re.S):
        made |= configured(Config(channels=tomllib.loads(text)["channels"]))
    shown = {re.findall(r'^type = "(\w+)"', text, re.M)[0] for text in re.findall(r"^type = .*$", PAGE, re.M)}
    assert shown == set(TYPES)
    assert len(made) >= len(TYPES)


def test_every_setting_is_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    done = Table.done

    def note(table: Table) -> None:
        asked.update(table.asked)
        done(table)

    monkeypatch.setattr(Table, "done", note)
    for kind in KINDS:
        build(type=kind.type, **kind.settings("http://127.0.0.1:9"))
    build(type="email", host="h", sender="a@b.example")
    assert len(asked) > 60
    assert sorted(name for name in asked if not re.search(rf"\b{name}\b", PAGE)) == []


def test_every_placeholder_is_on_the_page() -> None:
    assert [name for name in FIELDS if f"{{{name}}}" not in PAGE] == []


def test_the_old_setting_and_a_table_of_the_same_name_clash() -> None:
    made = configured(Config(apprise_urls="json://127.0.0.1:9/x"))
    assert list(made) == ["apprise"]
    with pytest.raises(ConfigError, match="第 1 个地址"):
        configured(Config(apprise_urls="nosuch://x"))
    table = {"apprise": {"type": "apprise", "urls": ["json://127.0.0.1:9/x"]}}
    with pytest.raises(ConfigError, match="只能填一个"):
        configured(Config(apprise_urls="json://127.0.0.1:9/x", channels=table))


def test_tables_come_from_the_file_and_travel_to_children_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANLAN_CHANNELS", raising=False)
    file = tmp_path / "anlan.toml"
    file.write_text('[channels.group]\ntype = "wecom_robot"\nkey = "k-1"\nrate = 0.5\n', encoding="utf-8")
    read = settings.load(file)
    assert read.channels == {"group": {"type": "wecom_robot", "key": "k-1", "rate": 0.5}}
    monkeypatch.setenv("ANLAN_CHANNELS", read.environment()["ANLAN_CHANNELS"])
    file.write_text("", encoding="utf-8")
    assert settings.load(file).channels == read.channels
    assert hash(read) == hash(settings.load(file))


@pytest.mark.parametrize("raw", ['{"a"', '["a"]', '{"a": "b"}', "3"])
def test_an_environment_that_is_no_table_is_refused_unshown(raw: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANLAN_CHANNELS", raw.replace("b", SECRET))
    with pytest.raises(ConfigError, match="channels") as error:
        settings.load()
    assert SECRET not in str(error.value)


def test_an_environment_may_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANLAN_CHANNELS", json.dumps({}))
    assert settings.load().channels == {}
