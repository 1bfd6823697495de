"""What every channel over the web promises, tried with a real little server."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.contract.channels.kinds import KINDS, LETTER, POISON, SECRET, Kind, build, ready
from tests.contract.channels.server import ChannelServer, Reply

from anlan.channels import (
    AccountError,
    Channel,
    ChannelError,
    Fault,
    LetterError,
    NoSuchAddress,
    PermanentError,
    Receipt,
    RecipientError,
)
from anlan.channels.letters import short_id

LIMIT_S = 0.2
"""Timeout of the channels under test; a channel that keeps to none would take the server's 30 s."""


@pytest.fixture
def server() -> Iterator[ChannelServer]:
    with ChannelServer() as made:
        yield made


@pytest.fixture(params=KINDS, ids=lambda kind: kind.type)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture
def channel(kind: Kind, server: ChannelServer) -> Channel:
    ready(kind, server)
    return build(kind, server.url)


def letters(kind: Kind, server: ChannelServer) -> list:
    """The requests that carried a letter."""
    return [got for got in server.got if got.path != kind.login]


def fails(channel: Channel, kind: Kind) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        channel.send(replace(LETTER, address=kind.address))
    assert str(raised.value)
    assert SECRET not in str(raised.value)
    return raised.value


def test_a_letter_goes_out_once_and_its_number_comes_back(kind: Kind, server: ChannelServer, channel: Channel) -> None:
    receipt = channel.send(replace(LETTER, address=kind.address))
    assert len(letters(kind, server)) == 1
    if kind.type != "cap":
        assert (receipt or Receipt()).provider_id == kind.number


def test_every_try_carries_the_same_key(kind: Kind, server: ChannelServer, channel: Channel) -> None:
    """Where the protocol has a place for it; chats drop a repetition by its text, which is the same, too."""
    for _ in range(2):
        channel.send(replace(LETTER, address=kind.address))
    first, second = letters(kind, server)
    whole = [f"{got.headers.get('idempotency-key')} {got.body.decode()}" for got in (first, second)]
    assert whole[0] == whole[1]
    if kind.type not in ("wecom", "wecom_robot", "dingtalk", "dingtalk_robot", "cap"):
        assert LETTER.key.split("/")[0] in whole[0] or short_id(LETTER) in whole[0]


def test_the_letter_arrives_in_full(kind: Kind, server: ChannelServer, channel: Channel) -> None:
    channel.send(replace(LETTER, address=kind.address))
    got = letters(kind, server)[0]
    text = str(got.form()) if "form-urlencoded" in got.headers["content-type"] else got.body.decode()
    if "\\u" in text:
        text = text.encode().decode("unicode_escape")
    assert LETTER.title in text
    if kind.address:
        assert kind.address in text


def test_a_drill_says_so(kind: Kind, server: ChannelServer, channel: Channel) -> None:
    if kind.type == "apprise":
        pytest.skip("only broadcasts of real warnings")
    channel.send(replace(LETTER, address=kind.address, exercise=True))
    got = letters(kind, server)[0]
    text = str(got.form()) if "form-urlencoded" in got.headers["content-type"] else got.body.decode()
    assert "演练" in text or '"exercise":true' in text


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_server_that_is_unwell_is_tried_again(
    kind: Kind, server: ChannelServer, channel: Channel, status: int
) -> None:
    ready(kind, server, Reply(status, SECRET.encode()))
    error = fails(channel, kind)
    assert not isinstance(error, (PermanentError, AccountError))


def test_it_hears_how_long_to_wait(kind: Kind, server: ChannelServer, channel: Channel) -> None:
    ready(kind, server, Reply(429, b"", {"Retry-After": "7"}))
    error = fails(channel, kind)
    assert error.retry_after == (None if kind.type == "apprise" else 7.0)


def test_an_unknown_address_is_for_good(kind: Kind, server: ChannelServer, channel: Channel) -> None:
    if kind.no_such_address is None:
        pytest.skip("nobody's own address is used")
    ready(kind, server, kind.no_such_address)
    assert isinstance(fails(channel, kind), NoSuchAddress)


@pytest.mark.case("B1")
@pytest.mark.parametrize("status", [404, 405, 410, 421, 401, 403])
def test_a_status_of_the_transport_is_no_verdict_on_the_recipient(
    kind: Kind, server: ChannelServer, channel: Channel, status: int
) -> None:
    ready(kind, server, Reply(status, f"<html>{status} {SECRET}</html>".encode()))
    assert fails(channel, kind).fault is (Fault.TRANSPORT if kind.type == "apprise" else Fault.ACCOUNT)


@pytest.mark.case("B1")
@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_not_understood_is_charged_to_the_letter(
    kind: Kind, server: ChannelServer, channel: Channel, status: int
) -> None:
    ready(kind, server, Reply(status, SECRET.encode()))
    assert fails(channel, kind).fault is (Fault.TRANSPORT if kind.type == "apprise" else Fault.LETTER)


@pytest.mark.case("B1")
def test_a_recipients_passing_trouble_is_neither_the_accounts_nor_for_good(
    kind: Kind, server: ChannelServer, channel: Channel
) -> None:
    if kind.not_now is None:
        pytest.skip("does not tell")
    ready(kind, server, kind.not_now)
    assert type(fails(channel, kind)) is RecipientError


@pytest.mark.case("G1")
def test_a_code_that_nobody_knows_is_charged_to_the_letter(kind: Kind, server: ChannelServer, channel: Channel) -> None:
    if kind.unknown is None:
        pytest.skip("has no codes")
    ready(kind, server, kind.unknown)
    assert type(fails(channel, kind)) is LetterError


@pytest.mark.case("B1")
@pytest.mark.parametrize("coding", ["utf-8-sig", "gb18030", "utf-16"])
def test_a_yes_in_another_coding_is_a_yes(kind: Kind, server: ChannelServer, channel: Channel, coding: str) -> None:
    """Else the provider, which took the letter, would get it again and again."""
    told = json.loads(kind.takes.body or b"{}") | {"words": "成功"}
    named = f"application/json; charset={coding}" if coding == "utf-16" else "application/json"
    reply = Reply(200, json.dumps(told, ensure_ascii=False).encode(coding), {"Content-Type": named})
    ready(kind, server, reply)
    channel.send(replace(LETTER, address=kind.address))


@pytest.mark.case("B1")
def test_an_answer_that_is_nested_without_end_is_no_mistake_of_ours(
    kind: Kind, server: ChannelServer, channel: Channel
) -> None:
    ready(kind, server, Reply(503, b"[" * 60_000))
    assert fails(channel, kind).fault is Fault.TRANSPORT


@pytest.mark.case("B2")
def test_a_letter_with_breaks_and_control_signs_goes_out_without_them(
    kind: Kind, server: ChannelServer, channel: Channel
) -> None:
    channel.send(replace(POISON, address=kind.address))
    got = letters(kind, server)[0]
    assert "x-injected" not in got.headers
    text = str(got.form()) if "form-urlencoded" in got.headers["content-type"] else got.body.decode()
    if "\\u" in text:
        text = text.encode().decode("unicode_escape")
    assert "警示通报：示例 厂 X-Injected: 1 液氨罐区[31m" in text
    for sign in ("\r", "\x00", "\x1b", "\x07", "\u2028", "\u202e", "\u200f", "_x000D_"):
        assert sign not in text


def test_the_providers_own_throttle_passes(kind: Kind, server: ChannelServer, channel: Channel) -> None:
    if kind.busy is None:
        pytest.skip("has none beside the status")
    ready(kind, server, kind.busy)
    assert not isinstance(fails(channel, kind), (PermanentError, AccountError))


def test_a_refused_account_is_nobodys_address(kind: Kind, server: ChannelServer, channel: Channel) -> None:
    if kind.refuses_us is None:
        pytest.skip("does not tell")
    ready(kind, server, kind.refuses_us)
    assert isinstance(fails(channel, kind), AccountError)


def test_a_letter_without_the_address_it_needs_is_for_good(kind: Kind, server: ChannelServer, channel: Channel) -> None:
    if not kind.address:
        channel.send(replace(LETTER, address=""))
        return
    with pytest.raises(PermanentError):
        channel.send(replace(LETTER, address=""))
    assert letters(kind, server) == []


@pytest.mark.parametrize("manner", ["hang", "drip", "close", "babble"])
def test_a_server_that_does_not_answer_ends_in_the_channels_own_time(
    kind: Kind, server: ChannelServer, manner: str
) -> None:
    if kind.type == "apprise" and manner == "drip":
        pytest.skip("Apprise limits each reading, not the whole")
    ready(kind, server, Reply(manner=manner))
    channel = build(kind, server.url, timeout_s=LIMIT_S)
    assert channel.timeout_s == LIMIT_S
    ended = threading.Event()

    def send() -> None:
        assert not isinstance(fails(channel, kind), PermanentError)
        ended.set()

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    assert ended.wait(20)  # far from the 30 s of the server, and generous to a slow machine
    thread.join()


def test_nobody_is_there(kind: Kind, server: ChannelServer) -> None:
    channel = build(kind, "http://127.0.0.1:9")
    assert not isinstance(fails(channel, kind), (PermanentError, AccountError))


def test_a_redirect_is_not_followed(kind: Kind, server: ChannelServer, channel: Channel) -> None:
    ready(kind, server, Reply(302, b"", {"Location": f"{server.url}/elsewhere?{SECRET}"}))
    assert not isinstance(fails(channel, kind), PermanentError)
    assert "/elsewhere" not in [got.path for got in server.got]


def test_an_answer_that_nobody_understands_is_no_success(kind: Kind, server: ChannelServer, channel: Channel) -> None:
    if kind.type in ("webhook", "cap", "apprise"):
        pytest.skip("the status alone counts")
    ready(kind, server, Reply(200, b"<html>portal</html>"))
    assert not isinstance(fails(channel, kind), PermanentError)


def test_no_secret_is_logged(kind: Kind, server: ChannelServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ready(kind, server)
    channel = build(kind, server.url)
    channel.send(replace(LETTER, address=kind.address))
    ready(kind, server, Reply(500, SECRET.encode()))
    fails(channel, kind)
    assert SECRET not in caplog.text
    assert "token-for-two-hours" not in caplog.text


def test_several_threads_use_it_at_the_same_time(kind: Kind, server: ChannelServer, channel: Channel) -> None:
    threads = [threading.Thread(target=channel.send, args=(replace(LETTER, address=kind.address),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(letters(kind, server)) == 4
    assert len(server.got) - 4 <= 1  # one token for all
