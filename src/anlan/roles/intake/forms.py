"""In which form a request's body stands, and how to cut it: JSON of any kind, binary packets, or AES of either.

What an encrypted body turns out to be is judged like any other; nothing of a key or a plain text enters a message.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher as Aes
from cryptography.hazmat.primitives.ciphers import algorithms, modes

from anlan.apps.gateways.services import Cipher
from anlan.stream import binary
from anlan.stream.packet import Header, PacketError, Refusal, read, split

_BLOCK = 16
_LEAST = 24
"""Characters of base64 that one block makes; what is shorter is no encrypted body."""
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n \t")
_OPENINGS = (b"{", b"[")


Read = Callable[[bytes], tuple[Header, bytes]]
"""The header of a packet, and the packet as readers of the log can take it."""


def cut(body: bytes, content_type: str = "") -> tuple[list[bytes], Read]:
    """The packets of a body, and what reads one. Raises `PacketError` when it cannot be cut at all."""
    if body[:4] == binary.MARK or content_type.partition(";")[0].strip().lower() == binary.CONTENT_TYPE:
        return binary.split(body), lambda packet: (binary.peek(packet), packet)
    return split(body), read


def decipher(body: bytes, cipher: Cipher | None) -> bytes:
    """A plain body as it is; one in AES/CBC/PKCS5 as base64 text decrypted with the enterprise's key.

    Raises `PacketError` (undecipherable) when the enterprise has no key, or when the key does not open the body.
    """
    if not _is_base64(body):
        return body
    if cipher is None:
        raise PacketError(Refusal.UNDECIPHERABLE, "收到加密报文，但该企业没有登记加密密钥")
    try:
        sealed = base64.b64decode(body.translate(None, b"\r\n \t"), validate=True)
    except binascii.Error as error:
        raise PacketError(Refusal.UNDECIPHERABLE, "加密报文不是完整的 base64 文本") from error
    iv, sealed = (cipher.iv, sealed) if cipher.iv else (sealed[:_BLOCK], sealed[_BLOCK:])
    if not sealed or len(iv) != _BLOCK or len(sealed) % _BLOCK:
        raise PacketError(Refusal.UNDECIPHERABLE, "加密报文的长度不是 16 字节的整数倍")
    opener = Aes(algorithms.AES(cipher.key), modes.CBC(iv)).decryptor()
    unpadder = padding.PKCS7(8 * _BLOCK).unpadder()
    try:
        plain = unpadder.update(opener.update(sealed) + opener.finalize()) + unpadder.finalize()
    except ValueError as error:
        raise PacketError(Refusal.UNDECIPHERABLE, _WRONG_KEY) from error
    opening = plain.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if opening not in _OPENINGS and plain[:4] != binary.MARK:
        raise PacketError(Refusal.UNDECIPHERABLE, _WRONG_KEY)
    return plain


_WRONG_KEY = "解密得不到报文：请核对密钥与初始向量的用法"


def _is_base64(body: bytes) -> bool:
    return len(body.strip()) >= _LEAST and _BASE64.issuperset(body[:256])
