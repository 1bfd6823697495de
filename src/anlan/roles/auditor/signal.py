"""The dead-man's signal: a file touched and an address called after audits that passed, and never otherwise.

Whoever watches from outside learns from its absence that something is unwell; nothing inside has to work for that.
"""

from __future__ import annotations

import logging
import os
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

from anlan.config import Config, ConfigError
from anlan.now import monotonic

log = logging.getLogger(__name__)

CALL_EVERY_S = 15.0
"""The address is called at most so often, though audits pass every few seconds: receivers limit their callers."""
CALL_TIMEOUT_S = 5.0


def signal_file(config: Config) -> Path:
    """The file that is touched after each audit that passed."""
    return Path(config.dead_man_file) if config.dead_man_file else config.data_dir / "alive"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any, **named: Any) -> None:
        """A redirect is an answer that is not 2xx: the signal goes where the setting says, or it failed."""


class Signal:
    """Gives the signal. ``error`` is the Chinese word of what the last call met; empty when it was taken or none is
    set. Raises `ConfigError` for an address that is not http or https."""

    def __init__(self, config: Config) -> None:
        if config.dead_man_url and not config.dead_man_url.startswith(("http://", "https://")):
            raise ConfigError("设置 dead_man_url 须以 http:// 或 https:// 开头")
        if config.dead_man_method not in ("GET", "POST"):
            raise ConfigError(f"设置 dead_man_method 的值 {config.dead_man_method!r} 不是 GET 或 POST")
        self._file, self._url, self._method = signal_file(config), config.dead_man_url, config.dead_man_method
        self._opener = urllib.request.build_opener(_NoRedirect())
        self._next_call = 0.0
        self.error = ""

    def passed(self, now: datetime) -> None:
        """An audit has passed at ``now``. A call that fails is logged, kept in ``error``, and repeated next time."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.touch()
            os.utime(self._file, (now.timestamp(), now.timestamp()))
        except OSError:
            log.exception("the dead-man's file could not be touched; its watcher will notice")
        if self._url and monotonic() >= self._next_call:
            self._next_call = monotonic() + CALL_EVERY_S
            self._call()

    def _call(self) -> None:
        body = b"" if self._method == "POST" else None
        request = urllib.request.Request(self._url, data=body, method=self._method)
        try:
            with self._opener.open(request, timeout=CALL_TIMEOUT_S):
                self.error = ""
        except urllib.error.HTTPError as error:
            self._failed(f"对方应答 {error.code}")
            error.close()
        except (OSError, ValueError) as error:  # ValueError: an answer that is no HTTP
            self._failed(f"{type(error).__name__}：{getattr(error, 'reason', error)}")

    def _failed(self, words: str) -> None:
        # the address may carry a secret in its path: it stands in no log
        self.error = words[:200]
        self._next_call = 0.0
        log.error("the dead-man's address did not take the signal: %s", words)
