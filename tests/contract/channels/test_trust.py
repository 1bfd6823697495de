"""Certificates are checked: a stranger's is refused, one of an authority in the settings is taken."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.contract.channels.server import ChannelServer

from anlan.channels import AccountError
from anlan.channels.http import Wire
from anlan.now import now


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Key and self-signed certificate of 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = tmp_path / "server.pem"
    file.write_bytes(private + made.public_bytes(pem))
    return file


@pytest.fixture
def server(certificate: Path) -> Iterator[ChannelServer]:
    made = ChannelServer()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    made.encrypt(context)
    with made:
        yield made


def test_a_strangers_certificate_is_refused(server: ChannelServer) -> None:
    with pytest.raises(AccountError, match="证书"):
        Wire(5.0).exchange("POST", f"https://{server.host}/", {}, b"")
    assert server.got == []


def test_the_certificate_of_the_settings_own_authority_is_taken(server: ChannelServer, certificate: Path) -> None:
    assert Wire(5.0, ca_file=str(certificate)).exchange("POST", f"https://{server.host}/", {}, b"").status == 200


def test_a_file_that_is_away_is_the_channels_trouble_and_no_reason_not_to_start(server: ChannelServer) -> None:
    with pytest.raises(AccountError, match="ca_file"):
        Wire(5.0, ca_file="/no/such/file.pem").exchange("POST", f"https://{server.host}/", {}, b"")
