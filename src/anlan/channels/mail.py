"""E-mail by SMTP: plain text and HTML, letters of one warning in one thread, TLS with checked certificates."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

import email_validator

from anlan.channels.base import AccountError, Channel, ChannelError, Letter, Need, PermanentError, Receipt
from anlan.channels.http import Wire, trusted
from anlan.channels.letters import KINDS, civil_words, digest, headline, level_name, short_id
from anlan.channels.smtp import Stage, verdict
from anlan.channels.table import Table
from anlan.now import now
from anlan.rules.calendar import civil


class Mail(Channel):
    """One mail to one address through one relay."""

    needs = Need.EMAIL

    def __init__(self, table: Table) -> None:
        """``type = "email"``. Raises `ConfigError`."""
        self._host = table.text("host")
        self._tls = table.text("tls", "starttls", among=("starttls", "implicit", "none"))
        usual = {"starttls": 587, "implicit": 465, "none": 25}[self._tls]
        self._port = int(table.number("port", usual, 1, 65535))
        self._user, self._password = table.text("user", ""), table.text("password", "", secret=True)
        if self._user and self._tls == "none":
            raise table.refuse("tls", "为 none 时不能带 user 和 password：口令会被明文传输")
        sender = table.text("sender")
        try:
            self._sender = Address(table.text("sender_name", "安澜"), addr_spec=sender)
        except ValueError:
            raise table.refuse("sender", "不是邮箱地址") from None
        self._ca_file = table.text("ca_file", "")
        self.name, self.title, self.rate = table.name, table.text("title", "邮件"), table.rate()
        self.timeout_s = table.timeout_s()
        self._wire = Wire(secrets=tuple(table.secrets))
        table.done()

    def send(self, letter: Letter) -> Receipt | None:
        """Hand the mail to the relay, the whole talk within ``timeout_s``. The relay's taking is not yet arrival."""
        mail = self.compose(letter)
        try:
            with self._relay() as relay:
                if self._tls == "starttls":
                    relay.starttls(context=trusted(self._ca_file))
                if self._user:
                    relay.login(self._user, self._password)
                self._hand_over(relay, mail)
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise self._refusal(code, words, Stage.RECIPIENT) from None
        except smtplib.SMTPDataError as error:
            raise self._refusal(error.smtp_code, error.smtp_error, Stage.CONTENT) from None
        except smtplib.SMTPResponseException as error:
            raise self._refusal(error.smtp_code, error.smtp_error, Stage.SESSION) from None
        except smtplib.SMTPNotSupportedError:
            raise AccountError("邮件服务器不支持所设的加密或登录方式") from None
        except ssl.SSLCertVerificationError:
            raise AccountError("邮件服务器的证书无法验证") from None
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelError(f"与邮件服务器的连接中断（{type(error).__name__}）") from None
        return Receipt(mail["Message-ID"])

    @staticmethod
    def _hand_over(relay: smtplib.SMTP, mail: EmailMessage) -> None:
        try:
            relay.send_message(mail)
        except smtplib.SMTPNotSupportedError:  # a name before the @ that is not ASCII; says nothing of other mails
            raise PermanentError("邮件服务器不支持 @ 前带中文的邮箱地址") from None

    @contextmanager
    def _relay(self) -> Iterator[smtplib.SMTP]:
        """A connection that is torn down when the whole talk takes too long."""
        if self._tls == "implicit":
            relay: smtplib.SMTP = smtplib.SMTP_SSL(timeout=self.timeout_s, context=trusted(self._ca_file))
        else:
            relay = smtplib.SMTP(timeout=self.timeout_s)

        def give_up() -> None:
            if relay.sock:
                with suppress(OSError):  # closed already
                    relay.sock.shutdown(socket.SHUT_RDWR)

        limit = threading.Timer(self.timeout_s, give_up)
        limit.daemon = True
        limit.start()
        relay._host = self._host  # type: ignore[attr-defined]  # TLS checks the certificate against it
        try:
            code, words = relay.connect(self._host, self._port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, words)
            yield relay
            with suppress(smtplib.SMTPException, OSError):
                relay.quit()  # the mail is taken; a rude goodbye changes nothing
        finally:
            limit.cancel()
            relay.close()

    def _refusal(self, code: int, words: bytes | str, stage: Stage) -> ChannelError:
        said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        return verdict(code, said, stage)(f"邮件服务器返回 {code}：{self._wire.clean(said)}")

    def compose(self, letter: Letter) -> EmailMessage:
        """The mail; its Message-ID follows from the key, so that a mail box can drop a repetition."""
        if not letter.address:
            raise PermanentError("没有邮箱地址")
        mail = EmailMessage()
        try:
            mail["To"] = Address(addr_spec=in_ascii(letter.address))
        except (ValueError, IndexError, AttributeError, MessageError):  # the library stumbles in each of these ways
            raise PermanentError("不是邮箱地址") from None
        domain = self._sender.domain
        mail["From"] = self._sender
        mail["Subject"] = headline(letter)
        mail["Date"] = format_datetime(civil(letter.sent_at or now()))
        mail["Message-ID"] = f"<{short_id(letter)}@{domain}>"
        if letter.number:
            root = f"<{digest(letter.number)}.warning@{domain}>"
            mail["In-Reply-To"] = mail["References"] = root
        mail["Auto-Submitted"] = "auto-generated"
        if letter.level == "red":
            mail["Importance"] = "high"
        lines = facts(letter)
        plain = "\n".join([letter.body, "", *(f"{name}：{value}" for name, value in lines)])
        mail.set_content(plain)
        rows = "".join(f"<tr><th align='left'>{escape(n)}</th><td>{escape(v)}</td></tr>" for n, v in lines)
        body = escape(letter.body).replace("\n", "<br>")
        mail.add_alternative(
            f"<html lang='zh-CN'><body><h2>{escape(headline(letter))}</h2><p>{body}</p>"
            f"<table cellpadding='4'>{rows}</table></body></html>",
            subtype="html",
        )
        return mail


def in_ascii(address: str) -> str:
    """The address with its domain as the wire wants it (``例子.中国`` in Punycode). Raises ValueError."""
    if address.isascii():
        return address
    found = email_validator.validate_email(address, check_deliverability=False)
    return f"{found.local_part}@{found.ascii_domain}"


def facts(letter: Letter) -> list[tuple[str, str]]:
    """Name and value of what a letter says beside its text; what is empty is left out."""
    found = [
        ("类型", KINDS.get(letter.kind, letter.kind)),
        ("级别", level_name(letter)),
        ("预警编号", letter.number),
        ("企业", letter.enterprise),
        ("危险源", letter.source),
        ("区划", letter.region_name),
        ("上报时限" if letter.kind in ("report_due", "report") else "应发时间", civil_words(letter.due_at)),
        ("发出时间", civil_words(letter.sent_at)),
        ("依据", letter.article),
        ("收件", letter.to),
    ]
    return [(name, value) for name, value in found if value]
