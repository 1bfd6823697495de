"""JSON as devices write it: what one bad value breaks is mended here, so that it costs none of its neighbours.

Encoders write ``NaN``, ``-Infinity``, ``1.#QNAN``, ``+5``, ``None``, a decimal comma or nothing at all where JSON has
no such word. Nothing is guessed: a bare word becomes the text of itself, which the readers judge like any text; what is
missing becomes null; an element that still cannot be read becomes null, which the readers count as damaged. What has no
end stays broken. Called only for bytes that are no JSON, and never for more than `MOST` of them.
"""

from __future__ import annotations

import re

import msgspec

MOST = 4 * 1024 * 1024
MOST_PIECES = 40_000
"""So many unsound pieces are mended: two in each sample of the largest packet. More is no packet."""
DEEPEST = 64
_BLANK = rb"[ \t\r\n]"
_TEXT = rb'"(?:[^"\\\x00-\x1f]++|\\["\\/bfnrtu])*+"'
_NUMBER = rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_SOUND = re.compile(
    rb"(?:"
    + rb"|".join([
        _TEXT,
        rb"[ \t\r\n{}\]]",
        rb"\[(?!" + _BLANK + rb"*+,)",
        rb":(?!" + _BLANK + rb"*+[,}\]])",
        rb",(?!" + _BLANK + rb"*+[,}\]])",
        rb"(?:true|false|null|" + _NUMBER + rb')(?![^ \t\r\n{}\[\],:"])',
    ])
    + rb")*+"
)  # fmt: skip
_SPARE = re.compile(rb",[ \t\r\n]*+[}\]]")
_WORD = re.compile(rb'[^ \t\r\n{}\[\],:"]++')
_ANY_TEXT = re.compile(rb'"((?:[^"\\]++|\\.)*+)"', re.S)
_CONTROL = re.compile(rb"[\x00-\x1f]")
_LONE_BACKSLASH = re.compile(rb'\\(?:(["\\/bfnrtu])|)')
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\],]', re.S)
_LIST = re.compile(rb'(?<!\\)"(?:datas|values|alarms)"[ \t\r\n]*+:[ \t\r\n]*+(?=\[)')
_REPORT = re.compile(rb'(?<!\\)"report"[ \t\r\n]*+:[ \t\r\n]*+(?=\{)')
_any = msgspec.json.Decoder(msgspec.Raw)


def mend(text: bytes) -> bytes | None:
    """The same packet as JSON, None when no such can be made of it or nothing of its list could be read.

    Deterministic. Keys, sound values and their order stay as they are.
    """
    if len(text) > MOST:
        return None
    told = _with_words(text)
    if told is None or is_json(told):
        return told
    told = _with_holes(told)
    return told if told is not None and is_json(told) else None


def elements(text: bytes, start: int = 0, most: int = MOST_PIECES) -> list[tuple[int, int]] | None:
    """Where the elements of the array that begins at ``start`` stand, by its brackets alone.

    The last span ends where the array closes. None when it has no end, or more than ``most`` elements.
    """
    if len(text) > MOST:
        return None
    spans: list[tuple[int, int]] = []
    begin, depth = start + 1, 0
    for token in _TOKEN.finditer(text, start):
        sign = text[token.start()]
        if sign in b"{[":
            depth += 1
            if depth > DEEPEST:
                return None
        elif sign in b"}]":
            depth -= 1
            if depth == 0:
                return [*spans, (begin, token.start())]
        elif sign == 0x2C and depth == 1:
            if len(spans) >= most:
                return None
            spans.append((begin, token.start()))
            begin = token.end()
    return None


def report_of(text: bytes) -> bytes:
    """The bytes of ``report`` as they were sent, for its checksum; empty when they cannot be told."""
    found = _REPORT.search(text)
    spans = elements(text, found.end()) if found else None
    return text[found.end() : spans[-1][1] + 1] if found and spans else b""


def is_json(text: bytes) -> bool:
    """Whether the bytes are one JSON value."""
    try:
        _any.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _with_words(text: bytes) -> bytes | None:
    """Bare words as texts, texts with what JSON wants escaped, and null where a value is missing."""
    parts: list[bytes] = []
    at = 0
    while len(parts) < 2 * MOST_PIECES:
        sound = _SOUND.match(text, at)
        end = sound.end() if sound else at
        parts.append(text[at:end])
        if end == len(text):
            return b"".join(parts)
        made = _made(text, end)
        if made is None:
            return None
        parts.append(made[0])
        at = made[1]
    return None


def _made(text: bytes, at: int) -> tuple[bytes, int] | None:
    """What takes the place of the unsound piece at ``at``, and where it ends."""
    sign = text[at : at + 1]
    if sign in (b":", b"["):
        return sign + b"null", at + 1
    if sign == b",":
        # in front of another comma a value is missing, in front of the end the comma is one too many
        return (b",null" if _SPARE.match(text, at) is None else b""), at + 1
    if sign == b'"':
        found = _ANY_TEXT.match(text, at)
        if found is None:
            return None
        inner = _LONE_BACKSLASH.sub(lambda m: m[0] if m[1] else b"\\\\", found[1])
        return b'"' + _CONTROL.sub(lambda m: b"\\u%04x" % m[0][0], inner) + b'"', found.end()
    word = _WORD.match(text, at)
    if word is None:
        return None
    inner = word[0].replace(b"\\", b"\\\\")
    return b'"' + _CONTROL.sub(lambda m: b"\\u%04x" % m[0][0], inner) + b'"', word.end()


def _with_holes(text: bytes) -> bytes | None:
    """The packet with null for each element of its list that is no JSON; None when nothing of the list is left."""
    found = _LIST.search(text)
    spans = elements(text, found.end()) if found else None
    if not found or not spans:
        return None
    parts = [text[begin:end] for begin, end in spans]
    kept = [part if is_json(part) else b"null" for part in parts]
    if all(part.strip() == b"null" for part in kept):
        return None
    return text[: found.end() + 1] + b",".join(kept) + text[spans[-1][1] :]
