"""One exchange with a web server under a strict limit of time, and what its status means for a letter.

Redirects are refused, certificates are checked, no proxy is taken from the environment, an answer is read to 64 KiB.
Error texts never hold an address: it may carry a token.
"""

from __future__ import annotations

import asyncio
import email.utils
import logging
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from anlan.channels.base import AccountError, ChannelError, LetterError
from anlan.now import now

for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # they log addresses, and addresses carry tokens

CONNECT_S = 5.0
MOST_BYTES = 64 * 1024
LONGEST_RETRY_S = 3600.0
_PASSING = {408, 409, 423, 425, 429}
_OURS = {401, 402, 403, 407}
_NOT_HERE = {404, 405, 406, 410, 421, 426}
"""No such interface at this address, for now or for good: says nothing of whom the letter was for."""


_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_BOM = b"\xef\xbb\xbf"


def json_in(body: bytes, content_type: str = "") -> Any:
    """What a provider wrote as JSON, in UTF-8 with or without a mark before it, in the charset that it names, or in the
    one of this country's older systems (GB 18030); None when it is no JSON in any of them.

    A provider's yes that is not understood would be taken for a no, and the same letter go out for ever.
    """
    named = _CHARSET.search(content_type)
    for charset in dict.fromkeys(("utf-8", named[1].lower() if named else "utf-8", "gb18030")):
        try:
            text = body.removeprefix(_BOM) if charset == "utf-8" else body.decode(charset).encode()
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeError, LookupError):  # LookupError: a charset that nobody knows
            continue
        except RecursionError:
            return None
    return None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: at most 64 KiB of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON (`json_in`); None when it is none."""
        return json_in(self.body, self.headers.get("content-type", ""))

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks to wait, at most an hour; None when it does not say."""
        raw = self.headers.get("retry-after", "").strip()
        if not raw:
            return None
        if raw.isdecimal():
            return min(float(raw), LONGEST_RETRY_S)
        try:
            instant = email.utils.parsedate_to_datetime(raw)
        except (ValueError, OverflowError):
            return None
        if instant.tzinfo is None:
            return None
        return min(max((instant - now()).total_seconds(), 0.0), LONGEST_RETRY_S)


@dataclass(frozen=True, slots=True)
class Wire:
    """How this channel reaches web servers. ``secrets`` are struck out of every error text."""

    timeout_s: float = 10.0
    secrets: tuple[str, ...] = ()
    proxy: str = ""
    ca_file: str = ""

    def exchange(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Answer:
        """Send and read the answer, whatever its status. `ChannelError` when there was none within ``timeout_s``."""
        import httpx  # every process loads this module, few send: a tenth of the time that a start takes to import

        trust = trusted(self.ca_file)
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(self._limited(trust, method, url, headers, content))
        except TimeoutError:
            raise ChannelError(f"对方在 {self.timeout_s:g} 秒内没有应答") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError):
            raise LetterError("这封信写不成请求：地址或头部无法使用") from None
        except httpx.TimeoutException:
            raise ChannelError("对方没有按时应答") from None
        except httpx.ConnectError as error:
            if isinstance(_root(error), ssl.SSLError):
                raise AccountError("对方的证书无法验证") from None
            raise ChannelError("连不上对方") from None
        except (httpx.HTTPError, OSError) as error:
            raise ChannelError(f"与对方的连接中断（{type(error).__name__}）") from None
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    async def _limited(
        self, trust: ssl.SSLContext, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> Answer:
        import httpx

        limits = httpx.Timeout(self.timeout_s, connect=min(CONNECT_S, self.timeout_s))
        async with (
            asyncio.timeout(self.timeout_s),
            httpx.AsyncClient(verify=trust, proxy=self.proxy or None, timeout=limits, trust_env=False) as client,
            client.stream(method, url, headers=dict(headers), content=content, follow_redirects=False) as response,
        ):
            body = b""
            async for part in response.aiter_bytes():
                body += part
                if len(body) >= MOST_BYTES:
                    break
            found = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, found, body[:MOST_BYTES])

    def clean(self, text: str) -> str:
        """A text of the other side, short and without this channel's secrets."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            if len(secret) >= 4:
                text = text.replace(secret, "•••")
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:160]

    def judge(self, answer: Answer, words: str = "") -> None:
        """Nothing for a 2xx; else the error that the status stands for, with ``words`` of the server's own.

        A status is the transport's: none of them says that a recipient's address is wrong.
        """
        status = answer.status
        if 200 <= status < 300:
            return
        text = f"对方应答 {status}" + (f"：{self.clean(words)}" if words else "")
        if 300 <= status < 400:
            raise AccountError(f"对方应答 {status}，要求转到别的地址，未予跟随")
        if status in _OURS or status in _NOT_HERE:
            raise AccountError(text, answer.retry_after)
        if status >= 500 or status in _PASSING:
            raise ChannelError(text, answer.retry_after)
        raise LetterError(text)


@lru_cache(maxsize=8)
def trusted(ca_file: str) -> ssl.SSLContext:
    """The authorities that are trusted: the usual ones, and those of ``ca_file``. `AccountError` without that file."""
    import httpx

    context = httpx.create_ssl_context()
    if ca_file:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError:
            raise AccountError("读不到 ca_file 所指的证书文件") from None
    return context


def _root(error: BaseException) -> BaseException:
    while cause := error.__cause__ or error.__context__:
        error = cause
    return error
