"""What WeCom and DingTalk have in common: they answer 200 whatever happens, and ``errcode`` in the body decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from anlan.channels.base import AccountError, ChannelError, LetterError, NoSuchAddress, RecipientError
from anlan.channels.http import Wire
from anlan.channels.tokens import Token

TOKEN_ENDED = frozenset({40014, 42001})
MOST_BYTES = 2000
"""The services cut a text at 2048 bytes; we cut before they do, and say so."""
_JSON = {"Content-Type": "application/json; charset=utf-8"}


def cut(text: str, most: int = MOST_BYTES) -> str:
    """The text in at most ``most`` bytes, ending in … when something is missing."""
    raw = text.encode()
    return text if len(raw) <= most else raw[: most - 3].decode(errors="ignore") + "…"


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its name in errors, and which of its codes mean what. An unknown one is charged to the letter."""

    name: str
    nobody: frozenset[int]
    """There is no such person."""
    recipient: frozenset[int]
    """The person gets no more of it today, or cannot get it now."""
    account: frozenset[int]
    """The service refuses this installation: credentials, rights, addresses allowed, quota."""
    passing: frozenset[int]
    """Another try may succeed."""
    in_a_minute: frozenset[int]
    """Those of ``passing`` that end with the minute: too many letters."""

    def ask(self, wire: Wire, url: str, value: Any = None) -> dict[str, Any]:
        """GET, or POST ``value`` as JSON; the object of the answer. Raises `ChannelError` when there is none."""
        if value is None:
            answer = wire.exchange("GET", url, {}, b"")
        else:
            answer = wire.exchange("POST", url, _JSON, msgspec.json.encode(value))
        told = answer.json()
        wire.judge(answer, str(told.get("errmsg", "")) if isinstance(told, dict) else "")
        if not isinstance(told, dict) or type(told.get("errcode")) is not int:
            raise ChannelError("看不懂对方的应答")
        return told

    def judge(self, wire: Wire, told: dict[str, Any]) -> dict[str, Any]:
        """Raise what ``errcode`` stands for; 0 raises nothing."""
        code = told["errcode"]
        if code == 0:
            return told
        text = f"{self.name}返回 {code}：{wire.clean(str(told.get('errmsg', '')))}"
        if code in self.nobody:
            raise NoSuchAddress(text)
        if code in self.recipient:
            raise RecipientError(text)
        if code in self.passing or code in TOKEN_ENDED:
            raise ChannelError(text, 60.0 if code in self.in_a_minute else None)
        if code in self.account:
            raise AccountError(text)
        raise LetterError(text)

    def token(self, wire: Wire, url: str) -> tuple[str, float]:
        """An access token and for how many seconds it holds."""
        try:
            told = self.judge(wire, self.ask(wire, url))
            return str(told["access_token"]), float(told.get("expires_in", 7200))
        except (LetterError, RecipientError, NoSuchAddress) as error:
            raise AccountError(str(error)) from None  # no letter was shown yet
        except (KeyError, TypeError, ValueError):
            raise ChannelError("看不懂对方的应答") from None

    def send(self, wire: Wire, url: str, value: Any, token: Token, used: str) -> dict[str, Any]:
        """POST ``value``, and forget the token ``used`` when the service says that it has ended."""
        told = self.ask(wire, url, value)
        if told["errcode"] in TOKEN_ENDED:
            token.forget(used)
        return self.judge(wire, told)
