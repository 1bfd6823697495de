"""A secured connection by a certificate of the plant's own.

A server compares the application URI that a client claims with the one in its certificate and refuses where they
differ; so the claim is taken from the certificate. Files are known by what is in them (PEM or DER), not by their
names; paths are relative to the configuration file, as everywhere. Whatever is wrong with them is told at the check.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies
from asyncua.crypto.uacrypto import CertProperties
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from anlan.edge.table import ConfigError


@dataclass(frozen=True)
class Security:
    """Certificates and key as DER. ``application_uri``: what the certificate says, empty when it says nothing;
    ``server_certificate``: the only one that is accepted, or None for whichever the server shows."""

    policy: str
    mode: ua.MessageSecurityMode
    certificate: bytes
    key: bytes = field(repr=False)
    server_certificate: bytes | None
    application_uri: str

    async def use(self, client: Client) -> None:
        """Set up a client that is not yet connected; raises what the library raises."""
        if self.application_uri:
            client.application_uri = self.application_uri
        server = self.server_certificate
        await client.set_security(
            getattr(security_policies, f"SecurityPolicy{self.policy}"),
            CertProperties(self.certificate, "DER"),
            CertProperties(self.key, "DER"),
            server_certificate=None if server is None else CertProperties(server, "DER"),
            mode=self.mode,
        )


def security(text: str, base_dir: Path, place: str) -> Security | None:
    """Read the option ``security`` (policy,mode,certificate,key[::password][,server certificate]) and its files; None
    when it is empty. Raises `ConfigError`."""
    if not text:
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (4, 5):
        raise ConfigError(f"{place} security 要写成 策略,方式,证书,私钥[,服务器证书]")
    if not hasattr(security_policies, f"SecurityPolicy{parts[0]}"):
        raise ConfigError(f"{place} security 的策略 {parts[0]} 不认识，可用 Basic256Sha256 等")
    if parts[1] not in ("Sign", "SignAndEncrypt"):
        raise ConfigError(f"{place} security 的方式只能是 Sign 或 SignAndEncrypt，不能是 {parts[1]}")
    certificate = _certificate(base_dir / parts[2], place)
    key, _, password = parts[3].partition("::")
    server = _certificate(base_dir / parts[4], place) if len(parts) == 5 else None
    return Security(
        policy=parts[0],
        mode=ua.MessageSecurityMode[parts[1]],
        certificate=certificate.public_bytes(serialization.Encoding.DER),
        key=_key(base_dir / key, password, place),
        server_certificate=None if server is None else server.public_bytes(serialization.Encoding.DER),
        application_uri=_application_uri(certificate),
    )


def _content(path: Path, place: str, what: str) -> tuple[bytes, bool]:
    """The bytes of a file, and whether they are PEM."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{place} security 读不到{what} {path}: {error.strerror or error}") from error
    return raw, b"-----BEGIN" in raw


def _certificate(path: Path, place: str) -> x509.Certificate:
    raw, pem = _content(path, place, "证书")
    try:
        return x509.load_pem_x509_certificate(raw) if pem else x509.load_der_x509_certificate(raw)
    except ValueError as error:
        raise ConfigError(f"{place} security 的证书 {path} 无效: {error}") from error


def _key(path: Path, password: str, place: str) -> bytes:
    raw, pem = _content(path, place, "私钥")
    load = serialization.load_pem_private_key if pem else serialization.load_der_private_key
    try:
        key = load(raw, password.encode() or None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{place} security 的私钥 {path} 打不开（口令写作 私钥::口令）: {error}") from error
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _application_uri(certificate: x509.Certificate) -> str:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ""
    found = names.get_values_for_type(x509.UniformResourceIdentifier)
    return str(found[0]) if found else ""
