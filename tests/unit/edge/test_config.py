"""A faulty configuration is told in Chinese, with the place; a good one is read as written."""

from __future__ import annotations

from pathlib import Path

import pytest

from anlan.edge.config import load, parse
from anlan.edge.drivers import open_driver
from anlan.edge.table import ConfigError
from anlan.now import SystemClock

GOOD = """
[local]
store_dir = "缓存"
buffer_mb = 64

[intake]
url = "https://intake.example"

[[gateway]]
code = "54017000701"
enterprise = "540170007"
key_file = "key.txt"
period_s = 2

[gateway.driver]
kind = "opcua"
url = "opc.tcp://127.0.0.1:4840"
decimals = 2
[gateway.driver.nodes]
540170007002G0001YW001 = "ns=2;s=LT-1201"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "key.txt").write_text("k-1\n", encoding="utf-8")
    return tmp_path


def test_a_good_file_is_read_as_written(folder: Path):
    (folder / "gateway.toml").write_text(GOOD, encoding="utf-8")
    config = load(folder / "gateway.toml")
    (gateway,) = config.gateways
    assert (gateway.code, gateway.key, gateway.period_seconds) == ("54017000701", "k-1", 2.0)
    assert config.local.store_dir == folder / "缓存"
    assert config.intake.packets_url == "https://intake.example/api/v1/packets"
    assert open_driver(gateway, SystemClock()).decimals.get("540170007002G0001YW001") == 2


def test_the_key_is_not_in_what_a_log_would_print(folder: Path):
    assert "k-1" not in repr(parse(GOOD, folder))


def use(text: str, folder: Path) -> None:
    for gateway in parse(text, folder).gateways:
        open_driver(gateway, SystemClock())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('store_dir = "缓存"', "", "缺少 store_dir"),
        ("https://intake.example", "ftp://x", "不是网址"),
        ("https://intake.example", "http://intake.example", "明文 http"),
        ('key_file = "key.txt"', "", "key 或 key_file"),
        ('key_file = "key.txt"', 'key_file = "none.txt"', "读不到密钥文件"),
        ("period_s = 2", 'period_s = "2"', "period_s 要写成数字"),
        ("period_s = 2", "period_s = 0", "period_s 不能小于"),
        ("period_s = 2", "periods = 2", "不认识的项: periods"),
        ('kind = "opcua"', 'kind = "modbus9"', "驱动 kind 只能是"),
        ("opc.tcp://127.0.0.1:4840", "127.0.0.1:4840", "opc.tcp://"),
        ("ns=2;s=LT-1201", "LT-1201-nonsense", "节点编号"),
        ("decimals = 2", "decimal = 2", "不认识的项: decimal"),
        ("[local]", "[local", "不是有效的 TOML"),
    ],
)
def test_every_fault_is_named(folder: Path, old: str, new: str, message: str):
    assert old in GOOD
    with pytest.raises(ConfigError, match=message):
        use(GOOD.replace(old, new), folder)


def test_two_gateways_cannot_share_a_code(folder: Path):
    section = GOOD[GOOD.index("[[gateway]]") :]
    with pytest.raises(ConfigError, match="不止一次"):
        parse(GOOD + section, folder)


def test_plain_http_is_for_this_machine_only(folder: Path):
    assert parse(GOOD.replace("https://intake.example", "http://127.0.0.1:8601"), folder).intake.url.startswith("http:")


def test_a_missing_file_is_told(tmp_path: Path):
    with pytest.raises(ConfigError, match="读不到配置文件"):
        load(tmp_path / "none.toml")


@pytest.mark.case("A10")
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk", "utf-16"])
def test_files_saved_by_an_editor_of_this_country_are_read(folder: Path, encoding: str):
    (folder / "gateway.toml").write_bytes(("# 一号罐区\r\n" + GOOD.replace("\n", "\r\n")).encode(encoding))
    (folder / "key.txt").write_bytes("k-1\r\n".encode(encoding))
    (gateway,) = load(folder / "gateway.toml").gateways
    assert gateway.key == "k-1"


@pytest.mark.case("A10")
def test_a_file_that_is_no_text_is_told_with_what_to_do(folder: Path):
    (folder / "gateway.toml").write_bytes(b"PK\x03\x04\xff\xff")
    with pytest.raises(ConfigError, match="另存为 UTF-8"):
        load(folder / "gateway.toml")
