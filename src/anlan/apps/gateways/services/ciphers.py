"""AES keys of enterprises whose gateways encrypt their bodies. Kept encrypted; never shown, logged or journaled."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction

from anlan.apps.gateways.models import EnterpriseCipher
from anlan.apps.journal import services as journal
from anlan.apps.org.actor import Actor
from anlan.apps.registry.models import Enterprise
from anlan.refused import Refused

KEY_BYTES = (16, 24, 32)
IV_BYTES = 16


@dataclass(frozen=True)
class Cipher:
    """AES-CBC with PKCS5 padding. ``iv`` empty: each body begins with its own random initial vector."""

    key: bytes = field(repr=False)
    iv: bytes = field(repr=False, default=b"")


@transaction.atomic
def set_cipher(enterprise: Enterprise, key: bytes, iv: bytes, *, by: Actor, at: datetime) -> None:
    """Keep an enterprise's key (16, 24 or 32 bytes) in place of the one before. Raises `Refused`."""
    if len(key) not in KEY_BYTES:
        raise Refused(f"密钥应为 16、24 或 32 字节，给的是 {len(key)} 字节")
    if iv and len(iv) != IV_BYTES:
        raise Refused(f"初始向量应为 16 字节，给的是 {len(iv)} 字节")
    chain = f"enterprise:{enterprise.code}"
    journal.hold([chain])
    before = EnterpriseCipher.objects.by_the_machine().filter(enterprise=enterprise).first()
    EnterpriseCipher.objects.by_the_machine().update_or_create(
        enterprise=enterprise,
        defaults={"sealed": _box().encrypt(key + iv), "is_static": bool(iv), "set_at": at, "set_by": by.id[:60]},
    )
    journal.record(
        chain,
        "cipher.set",
        at=at,
        actor=by.id,
        subject=f"enterprise:{enterprise.code}",
        before={"set_at": before.set_at if before else None},
        after={"set_at": at, "bits": 8 * len(key), "static_iv": bool(iv)},
    )


@transaction.atomic
def remove_cipher(enterprise: Enterprise, *, by: Actor, at: datetime) -> bool:
    """Forget an enterprise's key; False when it had none. Its encrypted bodies are refused from then on."""
    chain = f"enterprise:{enterprise.code}"
    journal.hold([chain])
    known = EnterpriseCipher.objects.by_the_machine().filter(enterprise=enterprise).first()
    if known is None:
        return False
    known.delete()
    journal.record(
        chain,
        "cipher.removed",
        at=at,
        actor=by.id,
        subject=f"enterprise:{enterprise.code}",
        before={"set_at": known.set_at},
        after={"set_at": None},
    )
    return True


def ciphers() -> dict[str, Cipher | None]:
    """The cipher by enterprise code, of all that have one; None where it cannot be opened (the secret was lost).

    Machine's own read.
    """
    box = _box()
    rows = EnterpriseCipher.objects.by_the_machine().values_list("enterprise__code", "sealed", "is_static")
    return {code: _opened(box, bytes(sealed), is_static) for code, sealed, is_static in rows}


def _opened(box: Fernet, sealed: bytes, is_static: bool) -> Cipher | None:
    try:
        plain = box.decrypt(sealed)
    except InvalidToken:
        return None
    return Cipher(plain[:-IV_BYTES], plain[-IV_BYTES:]) if is_static else Cipher(plain)


def _box() -> Fernet:
    derived = hashlib.sha256(b"anlan enterprise ciphers\x00" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(derived))
