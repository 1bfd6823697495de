"""What the answers of a mail relay mean for a letter: reply code, enhanced status code (RFC 3463, RFC 5248), words.

One mail goes to one recipient. A refusal at the recipient's line is the recipient's or the letter's, never the
account's, unless its enhanced code says so; only words or codes that say that there is no such mailbox say so.
"""

from __future__ import annotations

import re
from enum import StrEnum

from anlan.channels.base import AccountError, ChannelError, LetterError, NoSuchAddress, RecipientError

_ENHANCED = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_WHO = "(?:user|recipient|mailbox|account|address|email)"
_NOBODY_WORDS = re.compile(
    rf"no such|{_WHO}\b.{{0,24}}(?:unknown|not found|not exist|does ?n[o']t exist|invalid)"
    rf"|(?:unknown|invalid|non-?existent) (?:local |email )?{_WHO}|不存在|无此|没有此|未找到|查无",
    re.IGNORECASE,
)
_POLICY_WORDS = re.compile(
    r"frequen|too many|rate|limit|exceed|spam|junk|block|denied|policy|relay|banned|blacklist|spf|dkim|dmarc"
    r"|reverse|频率|频繁|拒绝|限制|垃圾|黑名单",
    re.IGNORECASE,
)
_FREQUENCY_WORDS = re.compile(
    r"frequen|too many (?:mail|message|connection)|rate limit|throttl|频率|频繁", re.IGNORECASE
)

Verdict = type[ChannelError]

_MEANINGS: dict[str, Verdict] = {
    "5.1.1": NoSuchAddress,  # bad destination mailbox
    "5.1.2": NoSuchAddress,  # bad destination system
    "5.1.3": NoSuchAddress,  # bad destination syntax
    "5.1.6": NoSuchAddress,  # moved, no forwarding address
    "5.1.7": AccountError,  # bad sender's mailbox
    "5.1.8": AccountError,  # bad sender's system
    "5.1.10": NoSuchAddress,  # the domain takes no mail
    "5.2.1": NoSuchAddress,  # mailbox disabled
    "4.2.1": RecipientError,
    "4.2.2": RecipientError,  # mailbox full
    "5.2.2": RecipientError,
    "5.2.3": LetterError,  # too long for this mailbox
    "5.3.4": LetterError,  # too big for the system
    "5.7.0": AccountError,  # authentication required
    "5.7.8": AccountError,  # credentials invalid
    "5.7.9": AccountError,
    "5.7.11": AccountError,
    "5.7.13": AccountError,  # our account is disabled
    "5.7.14": AccountError,
}
"""Codes whose meaning does not depend on when they are said."""


class Stage(StrEnum):
    """When the relay said it."""

    SESSION = "session"
    """Greeting, encryption, log-in, sender: nothing of the letter was shown."""
    RECIPIENT = "recipient"
    CONTENT = "content"


def verdict(code: int, words: str, stage: Stage) -> Verdict:
    """The error that stands for an answer of 400 or more."""
    found = _ENHANCED.match(words)
    enhanced = ".".join(found.groups()) if found else ""
    if stage is Stage.SESSION:
        return AccountError if code >= 500 else ChannelError
    if code == 421 or _FREQUENCY_WORDS.search(words):
        return ChannelError  # the relay is closing, or has had too many of everybody's
    if enhanced in _MEANINGS:
        return _MEANINGS[enhanced]
    if stage is Stage.CONTENT:
        return LetterError if code >= 500 else ChannelError
    if code == 552:
        return RecipientError
    if code == 530 or code == 535:
        return AccountError
    if code == 452 and not enhanced.startswith("4.2"):
        return ChannelError  # the relay's own storage
    if code >= 500 and not enhanced and _NOBODY_WORDS.search(words) and not _POLICY_WORDS.search(words):
        return NoSuchAddress
    return RecipientError
