"""E-mail: what arrives, what its relay may answer, and that a talk without end is cut off."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.contract.channels.kinds import LETTER, POISON, mail
from tests.contract.channels.server import MailServer

from anlan.channels import (
    AccountError,
    ChannelError,
    LetterError,
    NoSuchAddress,
    PermanentError,
    RecipientError,
    configured,
)
from anlan.config import Config, ConfigError

TO = replace(LETTER, address="duty@county.example")


@pytest.fixture
def relay() -> Iterator[MailServer]:
    with MailServer() as made:
        yield made


def arrived(relay: MailServer, place: int = -1) -> EmailMessage:
    return cast(EmailMessage, email.message_from_bytes(relay.mails[place], policy=email.policy.default))


def test_a_mail_arrives_as_text_and_html_in_the_thread_of_its_warning(relay: MailServer) -> None:
    channel = mail(relay)
    receipt = channel.send(TO)
    channel.send(replace(TO, key="another", step=4))
    first, second = arrived(relay, 0), arrived(relay, 1)
    assert relay.recipients == ["duty@county.example"] * 2
    assert first["Subject"] == LETTER.title
    plain, html = (first.get_body([kind]).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    for text in (plain, html):
        assert LETTER.body in text
        assert LETTER.number in text
        assert "预警信息处置管理办法 第十一条" in text
    assert "<script" not in html
    assert first["References"] == second["References"]
    assert first["Message-ID"] != second["Message-ID"]
    assert receipt is not None
    assert receipt.provider_id == first["Message-ID"]
    assert receipt.delivered is False


def test_another_try_carries_the_same_message_id(relay: MailServer) -> None:
    channel = mail(relay)
    channel.send(TO)
    channel.send(TO)
    assert arrived(relay, 0)["Message-ID"] == arrived(relay, 1)["Message-ID"]


def test_words_of_a_letter_are_no_markup_and_no_header(relay: MailServer) -> None:
    channel = mail(relay)
    channel.send(replace(TO, body="<script>x</script>", title="标题 & 标题"))
    html = arrived(relay).get_body(["html"]).get_content()  # type: ignore[union-attr]
    assert "<script>" not in html
    with pytest.raises(PermanentError):
        channel.send(replace(TO, address="a@b.example\r\nBcc: c@d.example"))


@pytest.mark.case("B2")
def test_breaks_and_control_signs_of_a_name_are_washed_out_of_the_mail(relay: MailServer) -> None:
    mail(relay).send(replace(POISON, address="duty@county.example"))
    got = arrived(relay)
    assert got["Subject"] == "警示通报：示例 厂 X-Injected: 1 液氨罐区[31m"
    assert got["Bcc"] is None
    assert got["X-Injected"] is None
    plain = got.get_body(["plain"]).get_content()  # type: ignore[union-attr]
    plain = plain.replace("\r\n", "\n")
    assert plain.startswith("第一行\n.\n第二行\n")
    assert "企业：示例 化工 有限公司\n" in plain


@pytest.mark.case("G1")
@given(st.text(alphabet='ab@.<>()[],;:"\\ \t\r\n\x00例。＠\u200f\ud800😀-', max_size=12))
@example(" -@[!&@子。😀#-")
@example("@")
@example("a@[x")
@example("")
def test_no_address_makes_anything_but_a_letter_or_a_refusal(address: str) -> None:
    channel = configured(Config(channels={"m": {"type": "email", "host": "h", "sender": "a@b.example"}}))["m"]
    try:
        made = channel.compose(replace(LETTER, address=address))  # type: ignore[attr-defined]
    except PermanentError:
        return
    made.as_bytes()


@pytest.mark.case("G1")
def test_an_address_in_chinese_goes_out_where_it_can_and_concerns_no_other_where_it_cannot(relay: MailServer) -> None:
    channel = mail(relay)
    channel.send(replace(LETTER, address="x@例子.中国"))
    assert relay.recipients == ["x@xn--fsqu00a.xn--fiqs8s"]
    channel.send(replace(LETTER, address="x@faß.example.com"))  # IDNA 2008: fass is another
    assert relay.recipients[1:] == ["x@xn--fa-hia.example.com"]
    with pytest.raises(PermanentError) as raised:
        channel.send(replace(LETTER, address="值班@例子.中国"))
    assert not isinstance(raised.value, NoSuchAddress)


@pytest.mark.case("B1")
@pytest.mark.parametrize(
    ("verb", "answer", "error"),
    [
        ("RCPT", "550 no such mailbox", NoSuchAddress),
        ("RCPT", "550 5.1.1 <duty@county.example>: Recipient address rejected: User unknown", NoSuchAddress),
        ("RCPT", "550 Mailbox not found. http://mail.example/help", NoSuchAddress),
        ("RCPT", "550 5.1.10 null MX", NoSuchAddress),
        ("RCPT", "554 5.2.1 mailbox disabled", NoSuchAddress),
        ("RCPT", "450 try later", RecipientError),
        ("RCPT", "450 4.7.1 Greylisted, see http://mail.example", RecipientError),
        ("RCPT", "552 full", RecipientError),
        ("RCPT", "552 5.2.2 Mailbox full", RecipientError),
        ("RCPT", "452 4.2.2 The email account is over quota", RecipientError),
        ("RCPT", "452 4.3.1 Insufficient system storage", ChannelError),
        ("RCPT", "421 4.7.0 closing", ChannelError),
        ("RCPT", "550 5.7.1 relay access denied", RecipientError),
        ("RCPT", "550 Mailbox unavailable or access denied", RecipientError),
        ("RCPT", "550 Domain frequency limited", ChannelError),
        ("RCPT", "550 5.7.1 too many messages from your host", ChannelError),
        ("RCPT", "550 5.1.8 sender domain does not exist", AccountError),
        ("RCPT", "530 5.7.0 Authentication required", AccountError),
        ("RCPT", "550 1.2.3.4 is in a block list, user unknown", RecipientError),
        ("MAIL", "530 log in first", AccountError),
        ("DATA", "451 later", ChannelError),
        (".", "554 looks like junk", LetterError),
        (".", "550 5.7.1 content denied", LetterError),
        (".", "552 5.2.2 mailbox full", RecipientError),
        (".", "552 5.3.4 message too big", LetterError),
        ("HELLO", "421 too busy", ChannelError),
        ("HELLO", "554 not for you", AccountError),
    ],
)
def test_the_relays_answers_are_told_apart(
    relay: MailServer, verb: str, answer: str, error: type[ChannelError]
) -> None:
    relay.answers[verb] = answer
    with pytest.raises(ChannelError) as raised:
        mail(relay).send(TO)
    assert type(raised.value) is error
    assert answer[:3] in str(raised.value)


@pytest.mark.parametrize("manner", ["hang", "drip", "close", "babble"])
def test_a_relay_that_does_not_answer_ends_in_the_channels_own_time(relay: MailServer, manner: str) -> None:
    relay.manner = manner
    with pytest.raises(ChannelError) as raised:
        mail(relay, timeout_s=0.3).send(TO)
    assert not isinstance(raised.value, PermanentError)


def test_a_letter_without_an_address_is_for_good(relay: MailServer) -> None:
    for address in ("", "nobody", "a b@c.example"):
        with pytest.raises(PermanentError):
            mail(relay).send(replace(LETTER, address=address))
    assert relay.mails == []


def test_a_relay_that_offers_no_tls_gets_no_password(relay: MailServer) -> None:
    with pytest.raises(AccountError):
        mail(relay, tls="starttls", user="u", password="p-a-s-s-w-o-r-d").send(TO)
    assert relay.mails == []
    with pytest.raises(ConfigError, match="明文"):
        mail(relay, user="u", password="p-a-s-s-w-o-r-d")
