"""What the several services want beside the common contract: signatures, tokens, templates, reports."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.contract.channels.kinds import BY_TYPE, LETTER, SECRET, build, ready
from tests.contract.channels.server import ChannelServer, Reply, says

from anlan.channels import (
    AccountError,
    ChannelError,
    LetterError,
    NoSuchAddress,
    PermanentError,
    ReceiptState,
    RecipientError,
    ReportError,
    aliyun,
    tencent,
)
from anlan.channels import configured as channels_of
from anlan.channels.dingtalk import robot_sign
from anlan.channels.errcode import MOST_BYTES
from anlan.channels.http import Wire
from anlan.channels.reports import instant
from anlan.config import Config


@pytest.fixture
def server() -> Iterator[ChannelServer]:
    with ChannelServer() as made:
        yield made


def of(server: ChannelServer, **values: object) -> object:
    return channels_of(Config(channels={"x": {"type": "sms", "url": f"{server.url}/sms", **values}}))["x"]


# --- signatures of the clouds, against the examples that they publish


def test_aliyun_signs_as_its_published_example() -> None:
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    url = "https://ecs.cn-shanghai.aliyuncs.com/?RegionId=cn-shanghai&ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"
    value = aliyun.signature("POST", url, b"", headers, "YourAccessKeyId", "YourAccessKeySecret")
    assert value.endswith("Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0")


def test_tencent_signs_as_its_published_example() -> None:
    content = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    key_id, key = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
    value = tencent.signature("cvm.tencentcloudapi.com", content, 1551113065, key_id, key, "cvm")
    assert value.endswith("Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168")


def test_the_signed_body_is_the_body_that_is_sent(server: ChannelServer) -> None:
    for name, header in (("aliyun_sms", "x-acs-content-sha256"), ("tencent_sms", "")):
        kind = BY_TYPE[name]
        ready(kind, server)
        build(kind, server.url).send(replace(LETTER, address=kind.address))
        got = server.got[-1]
        if header:
            assert got.headers[header] == hashlib.sha256(got.body).hexdigest()
            assert got.form()["OutId"]
        else:
            timestamp = int(got.headers["x-tc-timestamp"])
            expected = tencent.signature(server.host, got.body, timestamp, "id-of-the-account", SECRET)
            assert got.headers["authorization"] == expected


def test_every_try_at_aliyun_has_a_nonce_of_its_own(server: ChannelServer) -> None:
    kind = BY_TYPE["aliyun_sms"]
    ready(kind, server)
    channel = build(kind, server.url)
    for _ in range(2):
        channel.send(replace(LETTER, address=kind.address))
    nonces = [got.headers["x-acs-signature-nonce"] for got in server.got]
    assert nonces[0] != nonces[1]
    assert server.got[0].form()["OutId"] == server.got[1].form()["OutId"]


def test_the_robot_signs_as_the_service_asks(server: ChannelServer) -> None:
    ready(BY_TYPE["dingtalk_robot"], server)
    build(BY_TYPE["dingtalk_robot"], server.url).send(LETTER)
    query = server.got[0].query
    assert query["sign"] == robot_sign(SECRET, int(query["timestamp"]))
    assert query["access_token"] == "token-of-the-robot"


def test_a_webhook_can_be_verified_by_who_knows_the_secret(server: ChannelServer) -> None:
    build(BY_TYPE["webhook"], server.url).send(replace(LETTER, address="not-for-machines"))
    got = server.got[0]
    signed = f"{got.headers['anlan-timestamp']}.".encode() + got.body
    assert got.headers["anlan-signature"] == hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert got.headers["idempotency-key"] == LETTER.key
    assert got.json()["sent_at"] == "2024-03-01T11:00:00+08:00"
    assert "not-for-machines" not in got.body.decode()


# --- tokens


@pytest.mark.parametrize("name", ["wecom", "dingtalk"])
def test_a_token_is_fetched_once_and_anew_when_it_is_no_longer_taken(server: ChannelServer, name: str) -> None:
    kind = BY_TYPE[name]
    ready(kind, server)
    channel, letter = build(kind, server.url), replace(LETTER, address=kind.address)
    channel.send(letter)
    channel.send(letter)
    assert [got.path for got in server.got].count(kind.login) == 1
    server.reply = says({"errcode": 42001, "errmsg": "access_token expired"})
    with pytest.raises(ChannelError) as raised:
        channel.send(letter)
    assert not isinstance(raised.value, (PermanentError, AccountError))
    ready(kind, server)
    channel.send(letter)
    assert [got.path for got in server.got].count(kind.login) == 2


@pytest.mark.parametrize("name", ["wecom", "dingtalk"])
def test_a_refused_log_in_is_the_accounts_trouble(server: ChannelServer, name: str) -> None:
    kind = BY_TYPE[name]
    server.at[kind.login] = says({"errcode": 40001, "errmsg": f"invalid credential {SECRET}"})
    with pytest.raises(AccountError) as raised:
        build(kind, server.url).send(replace(LETTER, address=kind.address))
    assert SECRET not in str(raised.value)


def test_a_member_that_wecom_does_not_know_is_for_good(server: ChannelServer) -> None:
    kind = BY_TYPE["wecom"]
    ready(kind, server, says({"errcode": 0, "errmsg": "ok", "invaliduser": "ZHANG|other"}))
    with pytest.raises(PermanentError):
        build(kind, server.url).send(replace(LETTER, address="zhang"))


@pytest.mark.parametrize("name", ["wecom_robot", "dingtalk_robot"])
def test_a_long_text_is_cut_where_the_service_would_cut_it(server: ChannelServer, name: str) -> None:
    ready(BY_TYPE[name], server)
    build(BY_TYPE[name], server.url).send(replace(LETTER, body="长" * 3000))
    content = server.got[0].json()["text"]["content"]
    assert len(content.encode()) <= MOST_BYTES
    assert content.endswith("…")


# --- templates


def test_a_form_a_query_and_a_nested_body_are_filled(server: ChannelServer) -> None:
    letter = replace(LETTER, address="00000000001", title='说"好" & {level}')
    of(server, encoding="form", body={"to": "{address}", "p": {"t": "{title}"}}).send(letter)  # type: ignore[attr-defined]
    assert server.got[0].form() == {"to": "00000000001", "p": '{"t":"说\\"好\\" & {level}"}'}
    of(server, method="GET", body={"t": "{title}"}).send(letter)  # type: ignore[attr-defined]
    assert (server.got[1].method, server.got[1].query) == ("GET", {"t": letter.title})
    of(server, url=f"{server.url}/{{address}}/{{number}}").send(letter)  # type: ignore[attr-defined]
    assert server.got[2].path == "/00000000001/YJ20240301-0007"
    of(server, headers={"X-Title": "{title}"}, body=["{to}", 7, {"x": "{step}"}]).send(letter)  # type: ignore[attr-defined]
    assert server.got[3].json() == [LETTER.to, 7, {"x": "3"}]
    assert server.got[3].headers["x-title"].startswith("%E8%AF%B4")


def test_success_may_be_told_by_certain_statuses_alone(server: ChannelServer) -> None:
    letter = replace(LETTER, address="00000000001")
    channel = of(server, statuses=["202"])
    server.reply = Reply(202, b"")
    channel.send(letter)  # type: ignore[attr-defined]
    server.reply = Reply(200, b"<html>")
    with pytest.raises(ChannelError, match="200"):
        channel.send(letter)  # type: ignore[attr-defined]


def test_a_code_decides_before_the_status(server: ChannelServer) -> None:
    channel = of(server, code_paths=["code"], success=["ok"], permanent=["bad_number"], temporary=["busy"])
    letter = replace(LETTER, address="00000000001")
    for reply, error in (
        (says({"code": "bad_number"}, status=500), NoSuchAddress),
        (says({"code": "busy"}, status=400), ChannelError),
        (says({"code": "strange"}), LetterError),
        (says({"code": "ok"}, status=500), ChannelError),
        (says({"code": "strange"}, status=400), LetterError),
    ):
        server.reply = reply
        with pytest.raises(ChannelError) as raised:
            channel.send(letter)  # type: ignore[attr-defined]
        assert type(raised.value) is error, reply


@pytest.mark.parametrize("address", ["http://elsewhere.example/x", "ftp://127.0.0.1/x", "nonsense", "http://[x"])
def test_a_recipients_own_address_stays_within_the_allowed_hosts(server: ChannelServer, address: str) -> None:
    values = {"type": "webhook", "secret": SECRET, "allowed_hosts": [server.host]}
    channel = channels_of(Config(channels={"x": values}))["x"]
    channel.send(replace(LETTER, address=f"{server.url}/mine"))
    assert server.got[0].path == "/mine"
    with pytest.raises(PermanentError):
        channel.send(replace(LETTER, address=address))


@pytest.mark.case("B1")
@pytest.mark.parametrize("reply", [Reply(404), Reply(503), Reply(401), Reply(manner="close")])
def test_a_recipients_own_server_is_that_recipients_trouble_alone(server: ChannelServer, reply: Reply) -> None:
    values = {"type": "webhook", "secret": SECRET, "allowed_hosts": [server.host]}
    channel = channels_of(Config(channels={"x": values}))["x"]
    server.reply = reply
    with pytest.raises(RecipientError):
        channel.send(replace(LETTER, address=f"{server.url}/mine"))


def test_an_answer_without_end_is_read_to_a_limit(server: ChannelServer) -> None:
    server.reply = Reply(200, b"x" * 1_000_000)
    assert len(Wire(5.0).exchange("POST", server.url, {}, b"").body) == 64 * 1024


def test_retry_after_may_be_a_date() -> None:
    from anlan.channels.http import Answer
    from anlan.now import now

    assert Answer(429, {"retry-after": "Fri, 01 Mar 2024 00:00:00 GMT"}, b"").retry_after == 0.0
    assert Answer(429, {"retry-after": "soon"}, b"").retry_after is None
    assert Answer(429, {"retry-after": "Fri, 01 Mar 9999999999 00:00:00 GMT"}, b"").retry_after is None
    assert Answer(429, {"retry-after": "999999"}, b"").retry_after == 3600.0
    assert now().tzinfo is not None


# --- delivery reports


def reports_of(name: str) -> object:
    kind = BY_TYPE[name]
    made = build(kind, "http://127.0.0.1:9", reports={"secret": "a-secret-of-the-provider"})
    assert made.reports is not None
    return made.reports


def read(name: str, body: bytes, content_type: str = "application/json") -> list:
    return reports_of(name).read_all(content_type, body)  # type: ignore[attr-defined]


def test_aliyuns_reports_are_read() -> None:
    lines = read(
        "aliyun_sms",
        b'[{"phone_number":"1","biz_id":"b^1","success":true,"err_code":"DELIVERED",'
        b'"report_time":"2024-03-01 08:00:05"},'
        b'{"biz_id":"b^2","success":false,"err_code":"MOBILE_NOT_ON_SERVICE","report_time":""}]',
    )
    assert lines[0].provider_id == "b^1"
    assert (lines[0].state, lines[0].at) == (ReceiptState.DELIVERED, datetime(2024, 3, 1, 0, 0, 5, tzinfo=UTC))
    assert (lines[1].state, lines[1].error, lines[1].bad_address, lines[1].at) == (
        ReceiptState.FAILED, "MOBILE_NOT_ON_SERVICE", True, None,
    )  # fmt: skip


def test_tencents_reports_are_read() -> None:
    lines = read(
        "tencent_sms",
        b'[{"user_receive_time":"2024-03-01 08:00:05","report_status":"SUCCESS","errmsg":"DELIVRD","sid":"t:1"},'
        b'{"report_status":"FAIL","errmsg":"UNDELIV","sid":"t:2"}]',
    )
    assert [(line.provider_id, line.state) for line in lines] == [
        ("t:1", ReceiptState.DELIVERED),
        ("t:2", ReceiptState.FAILED),
    ]


def test_a_pressed_key_on_the_telephone_is_a_reading() -> None:
    line = read("voice", b"id=c-1&state=pressed&at=1709251205", "application/x-www-form-urlencoded")[0]
    assert (line.state, line.at) == (ReceiptState.READ, datetime(2024, 3, 1, 0, 0, 5, tzinfo=UTC))


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"[1]", b'{"state":"delivered"}', b'{"id":"","state":"read"}'])
def test_what_is_no_report_is_refused(body: bytes) -> None:
    with pytest.raises(ReportError):
        read("voice", body)


def test_only_the_secret_opens() -> None:
    made = reports_of("sms")
    assert made.proves("a-secret-of-the-provider")  # type: ignore[attr-defined]
    assert not made.proves("")  # type: ignore[attr-defined]
    assert not build(BY_TYPE["sms"], "http://127.0.0.1:9").reports.proves("")  # type: ignore[union-attr]


def test_instants_are_read_in_the_forms_that_providers_use() -> None:
    at = datetime(2024, 3, 1, 0, 0, 5, tzinfo=UTC)
    for text in ("2024-03-01 08:00:05", "2024-03-01T08:00:05+08:00", "1709251205", "1709251205000"):
        assert instant(text) == at
    assert instant("yesterday") is None
    assert instant("99999999999999999999") is None
