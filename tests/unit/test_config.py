"""Whatever is wrong with a setting is one line that says where, what, and what to do; exit code 2, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from anlan import cli
from anlan.config import Config, ConfigError, load

pytestmark = pytest.mark.sqlite  # settings are read before there is a database


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ANLAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def said(file: Path | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(file)
    message = str(caught.value)
    assert "\n" not in message
    return message


FILES: dict[str, tuple[bytes, list[str]]] = {
    "no value": (b'host = "::1"\nweb_port = \n', ["第 2 行", "不是合法的 TOML"]),
    "no quotes": (b"# a\n\nhost = localhost\n", ["第 3 行", "文本要加引号"]),
    "twice": (b"web_port = 1\nweb_port = 2\n", ["第 2 行", "不是合法的 TOML"]),
    "no end": (b'[channels.sms]\ntype = "x', ["不是合法的 TOML"]),
    "backslash": (b'data_dir = "C:\\data"\n', ["第 1 行", "不是合法的 TOML"]),
    "utf-16": ("web_port = 1\n".encode("utf-16"), ["不是 UTF-8", "另存为 UTF-8"]),
    "gbk": ('host = "安澜"\n'.encode("gbk"), ["不是 UTF-8"]),
    "nul": (b"\x00\x00\x00\x00", ["不是合法的 TOML"]),
    "unknown": (b"# a\nweb_prot = 1\n", ["第 2 行", "web_prot", "是不是 web_port？"]),
    "unknown table": (b"web_port = 1\n\n[chanels.sms]\n", ["第 3 行", "chanels", "是不是 channels？"]),
    "port": (b"\nweb_port = 70000\n", ["第 2 行", "web_port", "0 到 65535"]),
    "negative": (b"engines = 0\n", ["engines", "1 到 64"]),
    "fraction": (b"web_port = 1.5\n", ["web_port", "不是整数"]),
    "text": (b'web_port = "abc"\n', ["web_port", "'abc'", "不是整数"]),
    "bool for a number": (b"web_port = true\n", ["web_port", "不是整数"]),
    "number for a text": (b"host = 5\n", ["host", "不是文本"]),
    "list": (b'allowed_hosts = ["a"]\n', ["allowed_hosts", "不是文本"]),
    "nan": (b"log_max_gib = nan\n", ["log_max_gib", "不是数"]),
    "maybe": (b'https = "maybe"\n', ["https", "不是true 或 false"]),
    "date": (b"web_port = 2024-01-01\n", ["web_port", "不是整数"]),
    "mysql": (b'database_url = "mysql://u:secret@h/x"\n', ["第 1 行", "database_url", "mysql", "postgresql://"]),
    "no scheme": (b'database_url = "/var/lib/x"\n', ["database_url", "（没有写）"]),
    "no name": (b'database_url = "postgresql://h:5432"\n', ["database_url", "没有数据库的名字"]),
    "bad port": (b'database_url = "postgresql://h:abc/x"\n', ["database_url", "不是一个地址"]),
    "no file": (b'history_database_url = "sqlite:///"\n', ["history_database_url", "没有文件"]),
    "http log": (b'nats_url = "http://h:4222"\n', ["nats_url", "nats://"]),
    "second log": (b'nats_url = "nats://a:4222,b:4222"\n', ["nats_url", "nats://"]),
    "method": (b'dead_man_method = "PUT"\n', ["dead_man_method", "GET 或 POST"]),
    "format": (b'log_format = "xml"\n', ["log_format", "text 或 json"]),
    "channels": (b"channels = 5\n", ["channels", "应是表"]),
    "one channel": (b"[channels]\nsms = 5\n", ["channels", "sms", "应是表"]),
}


@pytest.mark.case("A14")
@pytest.mark.parametrize("name", FILES)
def test_a_wrong_file_is_one_line_with_its_place(name: str, tmp_path: Path) -> None:
    body, words = FILES[name]
    file = tmp_path / "anlan.toml"
    file.write_bytes(body)
    message = said()
    assert "anlan.toml" in message
    assert "secret" not in message
    for word in words:
        assert word in message


@pytest.mark.case("A14")
def test_what_is_no_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    assert "是文件夹" in said(tmp_path / "folder")
    monkeypatch.setenv("ANLAN_CONFIG", str(tmp_path / "gone.toml"))
    assert "找不到设置文件" in said()
    monkeypatch.setenv("ANLAN_CONFIG", str(tmp_path / "folder"))
    assert "是文件夹" in said()
    monkeypatch.delenv("ANLAN_CONFIG")
    (tmp_path / "anlan.toml").mkdir()
    assert "是文件夹" in said()


@pytest.mark.case("A14")
def test_a_data_directory_that_is_a_file_or_below_one_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taken").write_text("")
    for path in (tmp_path / "taken", tmp_path / "taken" / "below" / "it"):
        monkeypatch.setenv("ANLAN_DATA_DIR", str(path))
        assert f"{tmp_path / 'taken'} 是文件，不是文件夹" in said()
    monkeypatch.setenv("ANLAN_DATA_DIR", str(tmp_path / "new" / "one"))
    assert load().data_dir == tmp_path / "new" / "one"


@pytest.mark.case("A14")
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ANLAN_WEB_PORT", "", "web_port 的值 '' 不是整数"), ("ANLAN_WEB_PORT", "86OO", "不是整数"),
        ("ANLAN_HTTPS", "ja", "不是true 或 false"), ("ANLAN_DATABASE_URL", "mysql://u:secret@h/x", "mysql"),
        ("ANLAN_DATABSE_URL", "x", "没有这个设置，是不是 database_url？"), ("ANLAN_CHANNELS", "{", "不是 JSON 对象"),
        ("ANLAN_LOG_MAX_GIB", "inf", "不是数"), ("ANLAN_HOST", "a\x00b", "空字符"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_named(name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, name: value})
    message = said()
    assert f"环境变量 {name}" in message
    assert words in message
    assert "secret" not in message


@pytest.mark.case("A14")
def test_what_people_rightly_write_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "anlan.toml"
    file.write_bytes('﻿# 设置\nhttps = true\nweb_port = 80\nlog_max_gib = 5\ndatabase_url = ""\n'.encode())
    assert (load().https, load().web_port, load().log_max_gib) == (True, 80, 5.0)
    monkeypatch.setenv("ANLAN_HTTPS", "off")
    monkeypatch.setenv("ANLAN_NATS_URL", "nats://a:4222,tls://b:4222")
    monkeypatch.setenv("ANLAN_DATABASE_URL", "postgresql:///anlan")
    assert not load().https
    told = Config(data_dir=tmp_path / "d", database_url="sqlite:////var/lib/anlan.sqlite3", engines=2)
    for name, value in told.environment().items():
        monkeypatch.setenv(name, value)
    assert load() == told


@pytest.mark.case("A14")
@pytest.mark.parametrize("verb", ["check", "web", "serve", "export"])
def test_every_command_ends_with_the_line_and_exit_code_two(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "anlan.toml").write_text("web_port = \n")
    more = ["history", "out", "--from", "2026-03-01", "--to", "2026-03-01"] if verb == "export" else []
    assert cli.main([verb, *more]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert [line for line in lines if "第 1 行" in line] == lines[-1:]


@pytest.mark.case("A14")
def test_what_is_given_on_the_command_line_is_judged_as_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("")
    assert cli.main(["serve", "--data-dir", str(tmp_path / "taken")]) == 2
    assert "命令行：设置 data_dir 指的" in capsys.readouterr().err
    assert cli.main(["serve", "--web-port", "70000"]) == 2
    assert "命令行：设置 web_port 的值 70000 应在 0 到 65535 之间" in capsys.readouterr().err


@pytest.mark.case("A14")
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ANLAN_HOST": "no-such-host.invalid"}, "监听地址"),
        ({"ANLAN_DATA_DIR": "/proc/anlan"}, "数据目录 /proc/anlan 不能使用"),
        ({"ANLAN_ENGINES": "2"}, "需要 PostgreSQL"),
        ({"ANLAN_HOST": "192.0.2.1"}, "监听地址 192.0.2.1 不能使用"),
    ],
)
def test_serve_says_in_one_line_what_it_cannot_use(settings: dict[str, str], words: str, tmp_path: Path) -> None:
    environment = {**os.environ, "ANLAN_DATA_DIR": str(tmp_path / "data"), **settings}
    command = [sys.executable, "-m", "anlan", "serve", "--web-port", "0", "--intake-port", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
