"""Other people's OPC UA server with the limits and the certificates of a plant, read by our gateway."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from tests.conftest import absent
from tests.node_opcua.recorded import HERE, modules, node_program

from anlan.edge.config import parse
from anlan.edge.drivers import open_driver
from anlan.edge.scan import Quality, Scan
from anlan.now import SystemClock, monotonic

pytestmark = pytest.mark.xdist_group("recorded")
POINTS = 30


@contextmanager
def strict_server(work: Path, *, most: int, secure: bool) -> Iterator[dict[str, str]]:
    program = node_program()
    if program is None:
        absent("Node.js")
    assert program
    options = {
        "work": str(work), "most": most, "points": POINTS, "secure": secure, "modules": str(modules(program)),
    }  # fmt: skip
    process = subprocess.Popen(
        [program, str(HERE / "strict_server.js"), json.dumps(options)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        # making its first certificate the library talks on the same output
        yield json.loads(next(line for line in process.stdout if line.startswith("{")))
    finally:
        assert process.stdin
        assert process.stdout
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


async def reads(tmp_path: Path, url: str, section: str, done: Callable[[Scan], bool]) -> tuple[Scan, dict[str, Any]]:
    """The first frame for which ``done`` holds, and the status at that moment."""
    nodes = "".join(f'"P{number}" = "nsu=http://plant.example/dcs;s=P{number}"\n' for number in range(1, POINTS + 1))
    (gateway,) = parse(
        f"""
[local]
store_dir = "store"
[intake]
url = "http://127.0.0.1:1"
[[gateway]]
code = "99013110301"
enterprise = "990131103"
key = "k"
period_s = 0.2
[gateway.driver]
kind = "opcua"
url = "{url}"
{section}
[gateway.driver.nodes]
{nodes}""",
        tmp_path,
    ).gateways
    driver, stop = open_driver(gateway, SystemClock()), asyncio.Event()
    scans: list[Scan] = []
    task = asyncio.create_task(driver.run(scans.append, stop))
    deadline, seen = monotonic() + 60, 0
    try:
        while True:
            for scan in scans[seen:]:
                seen += 1
                if done(scan):
                    return scan, dict(driver.diagnostics())
            assert monotonic() < deadline, driver.diagnostics()
            await asyncio.sleep(0.05)
    finally:
        stop.set()
        await asyncio.wait_for(task, 5)


def whole(scan: Scan) -> bool:
    return len(scan.samples) == POINTS and all(s.quality is Quality.GOOD for s in scan.samples.values())


@pytest.mark.case("A8")
@pytest.mark.case("A9")
async def test_a_foreign_server_with_limits_is_read_whole_and_its_32_bit_numbers_as_shown(tmp_path):
    with strict_server(tmp_path, most=7, secure=False) as server:
        scan, status = await reads(tmp_path, server["url"], 'confirm = "read"', whole)
    assert {sample.value for sample in scan.samples.values()} == {1.55}
    assert status["portions"] == {"read": 7, "browse": 7, "monitor": 7}
    assert status["last_error"] == ""


@pytest.mark.case("A9")
async def test_a_certificate_of_the_plants_own_is_taken_by_a_server_that_compares_its_uri(tmp_path):
    certificate = client_certificate(tmp_path, "urn:plant.example:gateway:1")
    with strict_server(tmp_path, most=0, secure=True) as server:
        (Path(server["trusted"]) / "gateway.pem").write_bytes(certificate)
        section = 'security = "Basic256Sha256,SignAndEncrypt,client.pem,client.key"'
        scan, _ = await reads(tmp_path, server["url"], section, whole)
    assert scan.connected


def client_certificate(folder: Path, uri: str) -> bytes:
    """A self-signed certificate beside its key, as a plant's own authority would make it for a gateway."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "plant gateway")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, content_commitment=True, key_encipherment=True, data_encipherment=True,
                key_agreement=False, key_cert_sign=True, crl_sign=False, encipher_only=False, decipher_only=False,
            ),
            critical=False,
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "client.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "client.pem").write_bytes(pem)
    return pem
