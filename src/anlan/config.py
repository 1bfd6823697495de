"""Settings of every role, read once from the environment over one ``anlan.toml``.

No Django here: the gateway and the supervisor read the same settings. A setting is a field of `Config`; its
environment name is ``ANLAN_`` and the field in capitals, its key in the file is the field itself. Unknown keys in the
file are refused, so that a misspelt setting is never silently a default.
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anlan import config_file, credentials
from anlan.config_file import ConfigError

__all__ = ["Config", "ConfigError", "given", "load"]


@dataclass(frozen=True)
class Config:
    """What a role needs to know of its surroundings. Addresses are loopback by default."""

    data_dir: Path = Path("data")
    """Folder of everything that this installation keeps: databases, log, secret key, lock."""
    database_url: str = ""
    """``postgresql://user:pass@host:port/name``; empty means SQLite in ``data_dir``."""
    history_database_url: str = ""
    """Where history blocks live; empty means beside the records (own SQLite file, own PostgreSQL schema)."""
    nats_url: str = ""
    """An existing NATS with JetStream; empty means a supervised child on loopback."""
    nats_credentials: str = ""
    """File with the users' passwords of the NATS at ``nats_url``, made by ``anlan log-users``; our own child has its
    own."""
    nats_ca_file: str = ""
    """Authority that signed the certificates of the NATS at ``nats_url`` (``tls://…``); empty means the system's."""
    nats_replicas: int = 1
    """On how many servers of a NATS cluster the log lies before a packet is acknowledged; 3 survives one of three."""
    engines: int = 1
    """How many engines ``serve`` starts on this host; more than one needs PostgreSQL."""
    historians: int = 1
    """How many historians ``serve`` starts on this host; more than one needs PostgreSQL."""
    frozen_after_seconds: int = 30
    """A process that ``serve`` started and that has not run at all for so long is ended and started anew; 0: never."""
    host: str = "127.0.0.1"
    """Address that the web and intake roles listen on."""
    web_port: int = 8600
    """Port of pages, API and server-sent events."""
    intake_port: int = 8601
    """Port of the packet intake."""
    secret_key: str = ""
    """Signing key of sessions; empty means a file made once in ``data_dir``."""
    allowed_hosts: str = "127.0.0.1,localhost,[::1]"
    """Comma-separated host names that the web role answers to."""
    https: bool = False
    """TLS is ended in front of us: cookies are secure, HSTS is sent."""
    debug: bool = False
    """Detailed error pages; never on a machine that others reach."""
    clock_scan_seconds: float = 0.5
    """Pause between two looks of the clock for what is due."""
    log_max_gib: float = 20.0
    """Size at which the log refuses new packets rather than dropping old ones."""
    disk_soft_mib: float = 1024.0
    """With less room on disk history pauses, at half of it no back-fill is taken, at a quarter nothing. 0: never."""
    data_max_gib: float = 0.0
    """The most that ``data_dir`` may take of its disk; 0: as much as there is."""
    ops_alerts: str = ""
    """Who is told when the platform itself is unwell: ``channel=address``, or a channel alone, separated by blanks."""
    ops_alert_minutes: float = 5.0
    """How long something is unwell before they are told; a full disk, log or database at once."""
    apprise_urls: str = ""
    """Outside channel for every message, as Apprise addresses separated by blanks; empty means none."""
    channels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    """Outside channels: in the file a table ``[channels.<name>]`` each, in the environment one JSON object."""
    dead_man_file: str = ""
    """File that the auditor touches after each audit that passed; empty means ``data_dir``/alive."""
    dead_man_url: str = ""
    """Address that the auditor calls after audits that passed, at most every 15 s; empty means none."""
    dead_man_method: str = "GET"
    """How ``dead_man_url`` is called: GET or POST."""
    anchor_dir: str = ""
    """Folder of the journal's anchors, best on another machine's disk; empty means ``data_dir``/anchors."""
    anchor_copy_dir: str = ""
    """A second folder that gets every line of the anchors too, on a disk that the first cannot write; empty: none."""
    anchor_seconds: float = 300.0
    """The heads of the journal's chains are anchored so often."""
    audit_fresh_seconds: float = 300.0
    """Without data from any gateway for so long the audit fails; 0 leaves the freshness of data untested."""

    files_dir: str = ""
    """Folder of what people hand in (`anlan.apps.files`), the same on every host; empty means ``data_dir``/files."""
    file_max_mib: float = 20.0
    """The largest file that anybody may hand in."""
    files_per_subject: int = 20
    """How many files one record may have, those withdrawn included."""

    log_format: str = "text"
    """How events are written: ``text`` for people, ``json`` for programs, one line each."""
    backup_max_age_hours: float = 24.0
    """``anlan check`` finds fault when the last backup is older; 0 asks for none."""

    @property
    def secret(self) -> str:
        """The signing key; made on first use in ``data_dir/secret.key`` with mode 0600, kept for ever after."""
        if self.secret_key:
            return self.secret_key
        path = self.data_dir / "secret.key"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(f".{os.getpid()}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(48))
            try:
                os.link(fresh, path)  # whoever links first wins; two starting roles agree
            except FileExistsError:
                fresh.unlink()
            else:
                fresh.unlink()
        return path.read_text()

    @property
    def files_folder(self) -> Path:
        """Where the files lie that people handed in."""
        return Path(self.files_dir) if self.files_dir else self.data_dir / "files"

    def log_address(self, url: str, user: str = credentials.OPERATOR) -> str:
        """An address of the log with one of its users' passwords in it, a secret; one that has a user keeps it."""
        if self.nats_url:
            path = Path(self.nats_credentials) if self.nats_credentials else None
        else:
            path = self.data_dir / "nats" / credentials.FILE
        return credentials.signed(url, user, credentials.read(path) if path is not None else {}, self.nats_ca_file)

    def environment(self) -> dict[str, str]:
        """This configuration as ``ANLAN_*`` variables, for a child process."""
        return {f"ANLAN_{each.name.upper()}": _to_text(getattr(self, each.name)) for each in dataclasses.fields(self)}


def _to_text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def given(name: str, value: Any) -> Any:
    """A setting as it was given on a command line. Raises `ConfigError` like `load`."""
    return config_file.given(name, _kinds()[name], value)


def _kinds() -> dict[str, type]:
    kinds = {each.name: type(each.default) for each in dataclasses.fields(Config)}
    return kinds | {"data_dir": Path, "channels": dict}


def load(file: Path | None = None) -> Config:
    """Settings from ``ANLAN_*`` over the file (argument, else ``ANLAN_CONFIG``, else ``anlan.toml`` if it exists).

    Raises `ConfigError` for whatever could not be used, in one line.
    """
    return Config(**config_file.settings(_kinds(), file))
