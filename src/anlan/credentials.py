"""Who may speak to the log server, and of what: one user a role, with the subjects that the role needs and no others.

Without this every account of the machine could read all samples and forge some. Passwords are made at the first start
into a file that its owner alone reads; the server takes them from its own configuration beside it. An address with a
user in it (``nats://engine:…@127.0.0.1:4222``) is a secret: `shown` takes it out again wherever people read.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

FILE = "credentials.json"
"""Beside the store of a log server that we run ourselves."""
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
OPERATOR, SYSTEM = "operator", "system"
"""Commands of whoever owns the installation may do everything; the system user only asks the server about itself."""

_HINTS = ("ui.>",)
_GET = "$JS.API.STREAM.MSG.GET.SAMPLES"
"""One message by its number: the intake asks at its start when the newest was taken in."""
_STREAM = ("$JS.API.INFO", "$JS.API.STREAM.INFO.SAMPLES", "$JS.API.STREAM.CREATE.SAMPLES",
           "$JS.API.STREAM.UPDATE.SAMPLES")  # fmt: skip
_READ = (
    *_STREAM, "$JS.API.CONSUMER.CREATE.SAMPLES", "$JS.API.CONSUMER.CREATE.SAMPLES.>",
    "$JS.API.CONSUMER.INFO.SAMPLES.*", "$JS.API.CONSUMER.DELETE.SAMPLES.*", "$JS.API.CONSUMER.MSG.NEXT.SAMPLES.*",
    _GET,
)  # fmt: skip
_FIGURES = ("$JS.API.STREAM.INFO.SAMPLES", "$JS.API.CONSUMER.LIST.SAMPLES")


@dataclass(frozen=True)
class Rights:
    """Subjects that a user may publish and subscribe to, besides its own inbox; ``answers``: to whoever asks it."""

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    answers: bool = False


RIGHTS: Mapping[str, Rights] = {
    "intake": Rights((*_STREAM, *_HINTS, _GET, "samples.*", "intake.accepting")),
    "engine": Rights(
        (*_READ, *_HINTS, "$JS.API.STREAM.PURGE.SAMPLES", "live.tick.>"),
        ("live.get", "live.watch", "intake.accepting"),
        answers=True,
    ),
    "historian": Rights((*_READ, *_HINTS), ("intake.accepting",)),
    "clock": Rights(_HINTS),
    "delivery": Rights(_HINTS),
    "auditor": Rights((*_HINTS, *_FIGURES)),
    "web": Rights((*_HINTS, *_FIGURES, "live.get", "live.watch"), ("ui.>", "live.tick.>")),
}
USERS = (*RIGHTS, OPERATOR, SYSTEM)


def ensure(path: Path) -> dict[str, str]:
    """The password of every user, made where there is none yet; the file is readable by its owner alone.

    Whole or not at all; those that exist stay, so that a restart of the server is no trouble to its clients. Raises
    OSError. Call it from one process at a time.
    """
    known = read(path)
    missing = [user for user in USERS if user not in known]
    if missing:
        known |= {user: secrets.token_urlsafe(32) for user in missing}
        write_private(path, json.dumps(known, indent=1))
    elif stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)
    return known


def read(path: Path) -> dict[str, str]:
    """What stands in a file of credentials; nothing when there is none or it cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(user): str(word) for user, word in found.items()} if isinstance(found, dict) else {}


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step with one that only its owner can read. Raises OSError."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def server_text(passwords: Mapping[str, str]) -> str:
    """Accounts and users as the server's configuration has them.

    The roles stay in the server's global account, where the streams of earlier installations lie.
    """
    users = [_user(user, passwords[user], rights) for user, rights in RIGHTS.items()]
    users.append(f"{{ user: {OPERATOR}, password: {json.dumps(passwords[OPERATOR])} }}")
    system = _user(SYSTEM, passwords[SYSTEM], Rights(("$SYS.REQ.SERVER.PING.*",)))
    listed = ",\n    ".join(users)
    return (
        f"accounts {{ $SYS {{ users: [ {system} ] }} }}\n"
        f"authorization {{\n  timeout: 5\n  users: [\n    {listed}\n  ]\n}}\n"
    )


def _user(user: str, password: str, rights: Rights) -> str:
    answers = ", allow_responses: true" if rights.answers else ""
    publish, subscribe = json.dumps(list(rights.publish)), json.dumps([*rights.subscribe, f"{inbox_of(user)}.>"])
    return (
        f"{{ user: {user}, password: {json.dumps(password)}, "
        f"permissions: {{ publish: {publish}, subscribe: {subscribe}{answers} }} }}"
    )


def inbox_of(user: str) -> str:
    """Where answers to a user go: no other one listens there."""
    return f"_INBOX_{user}"


@dataclass(frozen=True)
class Target:
    """A comma-separated address taken apart: the servers without any secret, the user, and the authority to trust."""

    servers: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""

    @classmethod
    def of(cls, url: str) -> Target:
        """Take an address apart. The first user and authority that stand in it count for all servers."""
        servers, user, password, ca_file = [], "", "", ""
        for part in (part.strip() for part in url.split(",")):
            if not part:
                continue
            place = urlsplit(part if "://" in part else f"nats://{part}")
            servers.append(place._replace(netloc=place.netloc.rpartition("@")[2], query="").geturl())
            user, password = user or unquote(place.username or ""), password or unquote(place.password or "")
            ca_file = ca_file or parse_qs(place.query).get("ca", [""])[0]
        return cls(tuple(servers), user, password, ca_file)

    @property
    def secured(self) -> bool:
        """Whether the servers are spoken to by TLS."""
        return any(server.startswith("tls://") for server in self.servers)

    @property
    def in_the_clear(self) -> bool:
        """Whether a password goes to another machine unencrypted."""
        plain = (urlsplit(server) for server in self.servers if not server.startswith("tls://"))
        return bool(self.password) and any(place.hostname not in _LOOPBACK for place in plain)


def shown(url: str) -> str:
    """An address as it may stand in a log or a file."""
    return ",".join(Target.of(url).servers)


def signed(url: str, user: str, passwords: Mapping[str, str], ca_file: str = "") -> str:
    """The address with a user in it. One that has a user already, or whose user has no password here, keeps what it
    has; an authority is added where there is none."""
    target = Target.of(url)
    if not target.servers:
        return url
    name, word = (target.user, target.password) if target.user else (user, passwords.get(user, ""))
    trusted = target.ca_file or ca_file
    return ",".join(_address(server, name if word else target.user, word, trusted) for server in target.servers)


def _address(server: str, user: str, password: str, ca_file: str) -> str:
    place = urlsplit(server)
    secret = f"{quote(user, safe='')}:{quote(password, safe='')}@" if password else f"{user}@" if user else ""
    return place._replace(netloc=f"{secret}{place.netloc}", query=f"ca={quote(ca_file)}" if ca_file else "").geturl()


def user_of(process: str) -> str:
    """The user of a role's process: ``engine-2`` speaks as ``engine``."""
    return process.partition("-")[0]
