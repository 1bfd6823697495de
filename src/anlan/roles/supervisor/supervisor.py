"""The supervisor: one thread that starts, watches and restarts the log server and the roles.

Order of start: lock, migrations, the process that forks roles, log, engine and historian, intake, clock, auditor and
delivery, web. Order of stop: the reverse, so that whoever takes something in ends before whoever works it off.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from anlan import metrics, now
from anlan.config import Config
from anlan.credentials import OPERATOR, shown
from anlan.patience import Patience
from anlan.process.disk_space import MIB, space
from anlan.process.life import RESTORING
from anlan.process.migrating import HISTORY_FAILED, UNUSABLE
from anlan.process.places import announced, ready_file, write_whole
from anlan.roles.supervisor.child import FIRST_PAUSE_S, LONGEST_PAUSE_S, PASSING, Child
from anlan.roles.supervisor.forking import Forker
from anlan.roles.supervisor.lock import DirectoryLock
from anlan.roles.supervisor.tries import Tries
from anlan.roles.supervisor.watching import Watching
from anlan.stream.natsd import NatsError, NatsServer

ROLES = ("engine", "historian", "intake", "clock", "auditor", "delivery", "web")
"""In the order of start."""
_SILENT = {"clock", "auditor", "delivery"}
"""Roles that are ready when they run: nothing waits for their answer."""
_TAKERS = {"web", "intake"}
_GRACE_S = 4.0
LEAST_ROOM = 16 * MIB
"""With less the log server cannot begin, whatever it says; it is tried again until there is more."""

logger = logging.getLogger(__name__)


class SupervisorError(Exception):
    """Something could not be started. The message is Chinese and carries the last words of what failed."""


class Supervisor:
    """All roles (or a subset) of one data directory, as children of this process.

    ``start`` takes the lock (`AlreadyRunning` when another has it) and returns while things are still starting;
    ``wait_ready`` says when they answer; ``stop`` ends everything and frees the lock. ``children`` maps a role (of
    several also ``engine-2``) to its `Child` (``.pid``); ``nats_pid`` is the log server's.
    """

    def __init__(self, config: Config, roles: Iterable[str] = ROLES) -> None:
        wanted = set(roles)
        unknown = wanted - set(ROLES)
        if unknown:
            raise SupervisorError(f"没有这样的角色：{'、'.join(sorted(unknown))}")
        self.config = dataclasses.replace(
            config,
            data_dir=config.data_dir.resolve(),
            web_port=config.web_port or free_port(config.host),
            intake_port=config.intake_port or free_port(config.host),
        )
        self.roles = [role for role in ROLES if role in wanted]
        for role, number in (("engine", config.engines), ("historian", config.historians)):
            if number < 1:
                raise SupervisorError(f"设置 {role}s 至少是 1，而不是 {number}")
            address = config.database_url if role == "engine" else config.history_database_url or config.database_url
            if number > 1 and not address.startswith("postgres"):
                raise SupervisorError(f"设置 {role}s = {number} 需要 PostgreSQL；SQLite 上只能有一个")
            place = self.roles.index(role) + 1 if role in self.roles else 0
            if place:
                self.roles[place:place] = [f"{role}-{n}" for n in range(2, number + 1)]
        self.children: dict[str, Child] = {}
        self._forker = Forker(self.config.environment(), self.config.data_dir / "log" / "forker.log")
        self._lock = DirectoryLock(self.config.data_dir)
        self._nats: NatsServer | None = None
        self._leave = threading.Event()
        self._started = threading.Event()
        self._failure: str | None = None
        self._thread: threading.Thread | None = None
        self._written: dict[str, object] = {}
        self._targets: dict[str, tuple[int | None, str]] = {}
        self._targets_written: list[dict[str, object]] = []
        self._log_restarts = 0
        self._own_target = ""
        self._watch = Tries()
        self._roles = Watching(self._watch, self.config.frozen_after_seconds)

    @property
    def nats_pid(self) -> int | None:
        return self._nats.pid if self._nats is not None else None

    @property
    def nats_url(self) -> str:
        """For whoever owns the installation; a secret."""
        return self._log_address(OPERATOR)

    def _log_address(self, user: str) -> str:
        if self.config.nats_url:
            return self.config.log_address(self.config.nats_url, user)
        return self._nats.url_of(user) if self._nats is not None else ""

    @property
    def web_url(self) -> str:
        return f"http://{_address(self.config.host)}:{self.config.web_port}/"

    @property
    def intake_url(self) -> str:
        return f"http://{_address(self.config.host)}:{self.config.intake_port}"

    @property
    def _run_file(self) -> Path:
        return self.config.data_dir / "run.json"

    def start(self, *, migrate: bool = True) -> None:
        """Take the lock, bring the databases up to date, start the watching thread.

        ``migrate`` False: the caller has just done so itself.
        """
        self._lock.acquire()
        if (self.config.data_dir / RESTORING).exists():
            self._lock.release()
            raise SupervisorError(f"数据目录 {self.config.data_dir} 的恢复没有做完；请再运行一次 anlan restore")
        # what a killed predecessor left speaks of processes that are gone
        self._run_file.unlink(missing_ok=True)
        try:
            if migrate:
                self._migrate()
        except SupervisorError:
            self._lock.release()
            raise
        self._leave.clear()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()

    def wait_ready(self, timeout: float = 60.0, tell: Callable[[list[str]], None] | None = None) -> None:
        """Return when every role does its work. Raises SupervisorError when one keeps failing, or when for ``timeout``
        seconds nothing has got on (`Patience`). ``tell`` hears which roles are waited for, whenever that changes."""
        patience = Patience(timeout, self._starting)
        pause = threading.Event()
        told: list[str] | None = None
        while True:
            if self._failure:
                raise SupervisorError(self._failure)
            waiting = self.waiting
            if self._started.is_set() and not waiting:
                return
            if tell is not None and waiting != told:
                tell(waiting)
                told = waiting
            for child in list(self.children.values()):
                if child.starts >= 4 and child.pid is None:
                    raise SupervisorError(f"角色 {child.role} 反复启动失败：\n{child.last_words()}")
            if patience.is_out((self._started.is_set(), *waiting)):
                words = "\n".join(f"[{role}] {self._words(role)}" for role in waiting)
                raise SupervisorError(f"{timeout:.0f} 秒没有进展，未就绪：{'、'.join(waiting) or '日志'}\n{words}")
            pause.wait(0.05)

    @property
    def waiting(self) -> list[str]:
        """The roles that do not do their work yet."""
        return [role for role in self.roles if not self.is_ready(role)]

    def _starting(self) -> list[int]:
        """The processes that are waited for."""
        waiting = [child.pid for role, child in list(self.children.items()) if not self.is_ready(role)]
        return [pid for pid in (*waiting, self._forker.pid, self.nats_pid) if pid is not None]

    def is_ready(self, role: str) -> bool:
        """Whether the role's present process has said that it does its work."""
        child = self.children.get(role)
        pid = child.pid if child is not None else None
        if pid is None:
            return False
        if announced(self.config, role, pid) is not None:
            return True
        if role == "web":
            return _answers(self.config.host, self.config.web_port)
        return role in _SILENT

    def stop(self) -> None:
        """End all children in order, then the log, within seconds. Safe to call twice."""
        self._leave.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._lock.release()

    @property
    def failed(self) -> str | None:
        """Why the supervisor gave up, in Chinese; None while it works."""
        return self._failure

    def figures(self) -> metrics.Figures:
        """What the supervisor knows of the processes and of its log server, for `anlan.metrics`."""
        children = dict(self.children)
        up = {role: float(child.pid is not None) for role, child in children.items()}
        restarts = {role: float(max(0, child.starts - 1)) for role, child in children.items()}
        found: dict[str, float | dict[str, float]] = {}
        if self._nats is not None:
            up["log"], restarts["log"] = float(self._nats.pid is not None), float(self._log_restarts)
            found = self._log_figures(self._nats)
        return {"supervisor_up": up, "supervisor_restarts_total": restarts, **found}

    def _log_figures(self, server: NatsServer) -> dict[str, float | dict[str, float]]:
        try:
            general, stored = server.told("varz"), server.told("jsz")
        except OSError as error:
            logger.warning("the log server told no figures: %s", error)
            return {}
        return {
            "supervisor_log_bytes": stored["bytes"],
            "supervisor_log_messages": stored["messages"],
            "supervisor_log_resident_bytes": general["mem"],
            "supervisor_log_connections": general["connections"],
            "supervisor_log_slow_consumers_total": general["slow_consumers"],
        }

    def _all_ready(self) -> bool:
        return self._started.is_set() and all(self.is_ready(role) for role in self.roles)

    def _run(self) -> None:
        try:
            self._own_target = self._own_target or metrics.serve("supervisor", self.figures, self._all_ready)
            self._watch.do("forker", self._forker.start)
            self._first_log()
            self._forker.wait_warm(self._leave)
            self._start_roles()
            self._started.set()
            while not self._leave.wait(0.1):
                self._look()
        except Exception as error:
            self._failure = str(error) or repr(error)
            logger.exception("the supervisor gives up")
        finally:
            self._end_all()

    def _look(self) -> None:
        """Tend everything once. What fails is tried again after a pause that grows, and holds up nothing else."""
        if self._nats is not None and self._nats.pid is None:
            self._watch.do("log", self._start_nats_again)
        self._watch.do("forker", self._forker.tend)
        self._roles.look(self.children)
        self._watch.do("run.json", self._write_run_file)
        self._watch.do("metrics.json", self._write_targets)

    def _start_nats_again(self) -> None:
        logger.error("the log server ended, starting it again")
        self._start_nats()
        self._log_restarts += 1

    def _first_log(self) -> None:
        """The log's first start. Raises `NatsError` for what does not pass: no program, a store that somebody uses."""
        pause = FIRST_PAUSE_S
        while not self._leave.is_set():
            try:
                return self._start_nats()
            except (NatsError, *PASSING) as error:
                full = space(self.config).free < LEAST_ROOM
                if isinstance(error, NatsError) and not isinstance(error.__cause__, PASSING) and not full:
                    raise
                logger.error("the log server cannot be started, tried again in %.1f s: %s", pause, error)
            self._leave.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
        return None

    def _start_nats(self) -> None:
        if self.config.nats_url:
            return
        if self._nats is None:
            bound = int(self.config.log_max_gib * 1024**3)
            self._nats = NatsServer(self.config.data_dir / "nats", max_store_bytes=bound)
        self._nats.start()
        self._nats.wait_ready(20.0)

    def _start_roles(self) -> None:
        for role in self.roles:
            if self._leave.is_set():
                return
            self._watch.do("run", partial(ready_file(self.config, role).unlink, missing_ok=True))
            verb, _, number = role.partition("-")
            environment = {**self.config.environment(), "ANLAN_NATS_URL": self._log_address(verb)}
            name = [role] if number else []
            child = Child(verb, environment, self.config.data_dir / "log" / f"{role}.log", name, self._forker)
            self.children[role] = child
            child.tend()

    def _end_all(self) -> None:
        self._forker.stop()
        # whoever takes something in ends first, so that the rest can finish what was taken
        takers = [role for role in reversed(self.roles) if role in _TAKERS]
        for stage in (takers, [role for role in reversed(self.roles) if role not in _TAKERS]):
            ending = [self.children[role] for role in stage if role in self.children]
            for child in ending:
                child.ask_to_end()
            deadline = now.monotonic() + _GRACE_S
            for child in ending:
                child.wait_end(deadline - now.monotonic())
        if self._nats is not None:
            self._nats.stop()
        self._watch.do("run.json", partial(self._run_file.unlink, missing_ok=True))

    def _migrate(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "anlan", "manage", "migrate"],
            env={**os.environ, **self.config.environment()},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == HISTORY_FAILED:
            # alarms, warnings and clocks need no history; the historian tries it again and again
            logger.error("%s", done.stderr.strip())
        elif done.returncode == UNUSABLE:
            raise SupervisorError(done.stderr.strip().splitlines()[-1])
        elif done.returncode:
            raise SupervisorError(f"数据库升级失败：\n{(done.stdout + done.stderr)[-2000:]}")

    def _write_run_file(self) -> None:
        content: dict[str, object] = {
            "pid": os.getpid(),
            "nats_url": shown(self.nats_url),
            "nats_pid": self.nats_pid,
            "forker_pid": self._forker.pid,
            "web_url": self.web_url,
            "intake_url": self.intake_url,
            "children": {role: child.pid for role, child in self.children.items()},
            "ends": self._roles.ends,
        }
        if content != self._written:
            write_whole(self._run_file, content)
            self._written = content

    def _write_targets(self) -> None:
        """Where each role serves its figures, as Prometheus reads targets from a file; anew when a process is new."""
        pids = {role: child.pid for role, child in self.children.items()}
        if all(self._targets.get(role, (None, ""))[0] == pid for role, pid in pids.items()):
            return
        for role, pid in pids.items():
            told = announced(self.config, role, pid) if pid is not None else None
            if told is not None:
                self._targets[role] = (pid, str(told.get("metrics", "")))
        addresses = {"supervisor": self._own_target} | {role: target for role, (_, target) in self._targets.items()}
        found = metrics.targets(addresses, "role")
        if found != self._targets_written:
            write_whole(self.config.data_dir / "run" / "metrics.json", found)
            self._targets_written = found

    def _words(self, role: str) -> str:
        child = self.children.get(role)
        return child.last_words() if child is not None else "未启动"


def free_port(host: str) -> int:
    """A TCP port that nobody uses at this moment. Raises `SupervisorError` for an address that is not ours."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.bind((_address(host), 0))
            return int(probe.getsockname()[1])
    except OSError as error:
        raise SupervisorError(
            f"监听地址 {host} 不能使用（{error.strerror}）；请改设置 host，本机填 127.0.0.1"
        ) from error


def _address(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "") else host


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((_address(host), port), 0.2):
            return True
    except OSError:
        return False
