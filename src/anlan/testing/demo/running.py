"""The running demonstration: the whole product on this machine, a simulated plant, and the gateways between them.

Everything goes the real way: OPC UA, gateway, its local log, HTTP intake. Nothing here writes samples or alarms.
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import shutil
import sys
import threading
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from anlan import now
from anlan.config import Config
from anlan.patience import Patience
from anlan.process import django
from anlan.process.life import keep_compiled_code
from anlan.roles.supervisor import Supervisor
from anlan.roles.supervisor.child import Child
from anlan.roles.supervisor.lock import DirectoryLock
from anlan.roles.supervisor.supervisor import free_port
from anlan.testing.demo import cameras, past
from anlan.testing.demo.past import WARM_UP_S
from anlan.testing.sender import Sender, packet

PERIOD_S = 1.0
"""Frame period of the demo gateways."""
CAMERAS_S = 60.0
"""Between two reports of all cameras."""
BEAT_S = 300.0
"""The tutorial's gateway, which has no plant, reports so often that it is there and has no samples."""

MARK = "anlan-demo"
"""File that marks a folder as made by a demonstration."""


class DemoError(RuntimeError):
    """The demonstration could not be started. The message is Chinese."""


class Demo:
    """One demonstration in one folder. ``start`` to begin, ``stop`` always; no process outlives this one.

    A folder that holds a world is continued with ``keep``, otherwise emptied: the warnings of the demo world begin
    relative to the moment of its loading. ``tell`` hears, in Chinese, each step of the start as it is reached.
    """

    def __init__(
        self,
        folder: Path,
        config: Config,
        *,
        keep: bool = False,
        script_speed: float = 1.0,
        tell: Callable[[str], None] = lambda step: None,
    ) -> None:
        self.folder = folder.resolve()
        self.keep = keep
        self.script_speed = script_speed
        self._tell = tell
        # its own databases and log, and no way out: invented warnings must never reach the records or the people of
        # an installation whose settings happen to be in force here
        self.config = dataclasses.replace(
            config,
            data_dir=self.folder / "data",
            database_url="",
            history_database_url="",
            nats_url="",
            apprise_urls="",
            channels={"phone": {"type": "demo_phone"}},
            ops_alerts="",
            dead_man_file="",
            dead_man_url="",
            anchor_dir="",
        )
        self.password = ""
        self._began = now.now()
        self._beat_due = 0.0
        self._cameras: dict[str, list[str]] = {}
        self._cameras_due = float("-inf")
        self._gateway_codes: list[str] = []
        self.logins: list[tuple[str, str]] = []
        self.supervisor: Supervisor | None = None
        self._leave = threading.Event()
        self._past: threading.Thread | None = None
        self._plant: Child | None = None
        self._gateway: Child | None = None

    def start(self, timeout: float = 90.0) -> None:
        """Load the world, start all roles, the plant and the gateways; return when the roles are ready.

        Waits as long as things get on; DemoError or SupervisorError when nothing has for ``timeout`` seconds.
        """
        self._claim()
        keep_compiled_code(self.config.data_dir)
        lock = DirectoryLock(self.config.data_dir)
        lock.acquire()
        try:
            self._empty()
            self._start_plant()  # its servers take the longest to build
            self._tell("建库，装入示例世界")
            self._prepare()
        finally:
            lock.release()
        self.supervisor = Supervisor(self.config)
        self.supervisor.start(migrate=False)
        self.supervisor.wait_ready(timeout, lambda waiting: self._tell(f"等待 {'、'.join(waiting)}"))
        self._tell("等待模拟工厂")
        self._start_gateways(self._endpoints(timeout))
        self._tell("网关已启动")

    def stop(self) -> None:
        """End gateways and plant, then the roles in their order. Safe after a failed start."""
        self._leave.set()
        if self._past is not None:
            self._past.join(10.0)
        for child in (self._gateway, self._plant):
            if child is not None:
                child.ask_to_end()
        for child in (self._gateway, self._plant):
            if child is not None:
                child.wait_end(5.0)
        if self.supervisor is not None:
            self.supervisor.stop()

    def fill_the_past(self) -> None:
        """Post the hours before the start in the background, once for a freshly loaded world."""
        done = self.folder / "past"
        if self.supervisor is None or done.exists():
            return
        from anlan.testing.demo.world import gateway_key

        url, began, password = self.supervisor.intake_url, self._began, self.password
        keys = {code: gateway_key(code, password) for code in self._gateway_codes}

        def work() -> None:
            past.post(url, keys, began, self._leave)
            if not self._leave.is_set():
                done.touch()

        self._past = threading.Thread(target=work, name="past", daemon=True)
        self._past.start()

    @property
    def tutorial(self) -> dict[str, str]:
        """The variables of the tutorial's commands: where to send, as which gateway, for which point."""
        from anlan.testing.demo.declaration import read
        from anlan.testing.demo.world import gateway_key

        declared = read().raw["tutorial"]
        return {
            "INTAKE": self.supervisor.intake_url if self.supervisor is not None else "",
            "ENTERPRISE": declared["enterprise"],
            "GATEWAY": declared["gateway"],
            "KEY": gateway_key(declared["gateway"], self.password),
            "POINT": declared["point"],
        }

    def tend(self) -> None:
        """Start a plant or gateway again that has ended, let the tutorial's gateway report; call it now and then."""
        self._beat()
        self._report_cameras()
        for child in (self._plant, self._gateway):
            if child is not None and child.tend() and child is self._plant:
                sys.stderr.write("模拟工厂已重新启动\n")

    def _beat(self) -> None:
        if self.supervisor is None or now.monotonic() < self._beat_due:
            return
        names = self.tutorial
        one = Sender(names["INTAKE"], names["GATEWAY"], names["KEY"], timeout=5.0)
        reply = one.send(packet(names["ENTERPRISE"], names["GATEWAY"], now.now(), {}))
        one.close()
        self._beat_due = now.monotonic() + (BEAT_S if reply.status == 200 else PERIOD_S)

    def _report_cameras(self) -> None:
        if self.supervisor is None or not self._cameras or now.monotonic() < self._cameras_due:
            return
        from anlan.testing.demo.world import gateway_key

        keys = {code: gateway_key(code, self.password) for code in self._cameras}
        taken = cameras.report(self.supervisor.intake_url, keys, self._cameras, now.now())
        self._cameras_due = now.monotonic() + (CAMERAS_S if taken else PERIOD_S)

    @property
    def web_url(self) -> str:
        return self.supervisor.web_url if self.supervisor is not None else ""

    def _claim(self) -> None:
        """Mark the folder as ours; one that holds anything else is never emptied."""
        self.folder.mkdir(parents=True, exist_ok=True)
        mark = self.folder / MARK
        if not mark.exists() and any(self.folder.iterdir()):
            raise DemoError(f"{self.folder} 里有别的文件，不能作为示例目录；请换一个空目录")
        mark.touch()

    def _empty(self) -> None:
        if self.keep:
            return
        kept = {self.config.data_dir, self.config.data_dir / "lock", self.folder / "password", self.folder / MARK}
        for path in [*self.config.data_dir.iterdir(), *self.folder.iterdir()]:
            if path in kept:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _prepare(self) -> None:
        self.password = self._kept_password()
        os.environ.update(self.config.environment())
        django.start()
        from anlan.process.migrating import migrate
        from anlan.testing.demo import commitments, identifications, ledgers, openings, special_work, world

        migrate()
        moment = self._began = now.now()
        if not world.is_loaded():
            loaded = world.load(moment, self.password, PERIOD_S)
            openings.load(moment)
            ledgers.load(moment)
            commitments.load(moment)
            special_work.load(moment)
            identifications.load(moment)
            logins = [[login.username, login.purpose] for login in loaded.logins]
            (self.folder / "logins.json").write_text(json.dumps(logins, ensure_ascii=False), encoding="utf-8")
        self._cameras = cameras.known()
        self.logins = [tuple(each) for each in json.loads((self.folder / "logins.json").read_text(encoding="utf-8"))]
        from django.db import connections

        connections.close_all()

    def _kept_password(self) -> str:
        path = self.folder / "password"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(4), encoding="utf-8")
        return path.read_text(encoding="utf-8").strip()

    def _start_plant(self) -> None:
        script = resources.files("anlan.testing.demo").joinpath("incidents.toml")
        arguments = ["--script", str(script), "--script-speed", str(self.script_speed), "--period", str(PERIOD_S)]
        arguments += ["--warm-up", str(WARM_UP_S), "--port-file", str(self.folder / "endpoints.json"), "--with-parent"]
        (self.folder / "endpoints.json").unlink(missing_ok=True)
        self._plant = Child("simulate", {}, self.folder / "log" / "plant.log", arguments)
        self._plant.start()

    def _endpoints(self, timeout: float) -> list[dict[str, str]]:
        path = self.folder / "endpoints.json"
        plant = self._plant
        patience = Patience(timeout, lambda: [plant.pid] if plant is not None and plant.pid is not None else [])
        pause = threading.Event()
        while not path.exists():
            if plant is None or plant.pid is None or patience.is_out(None):
                words = plant.last_words() if plant is not None else ""
                raise DemoError(f"模拟工厂没有启动：\n{words}")
            pause.wait(0.05)
        plants: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))["plants"]
        return plants

    def _start_gateways(self, plants: list[dict[str, str]]) -> None:
        from anlan.testing.demo.world import gateway_key

        assert self.supervisor is not None
        self._gateway_codes = [plant["gateway"] for plant in plants]
        lines = ["[local]", 'store_dir = "gateway"', "", "[intake]", f'url = "{self.supervisor.intake_url}"', ""]
        for plant in plants:
            lines += [
                "[[gateway]]",
                f'code = "{plant["gateway"]}"',
                f'enterprise = "{plant["enterprise"]}"',
                f'key = "{gateway_key(plant["gateway"], self.password)}"',
                f"period_s = {PERIOD_S}",
                "[gateway.driver]",
                'kind = "opcua"',
                f'url = "{plant["url"]}"',
                f'browse = "{plant["browse"]}"',
                "",
            ]
        path = self.folder / "gateway.toml"
        path.touch(mode=0o600)
        path.write_text("\n".join(lines), encoding="utf-8")
        self._gateway = Child("gateway", {}, self.folder / "log" / "gateway.log", ["--config", str(path)])
        self._gateway.start()


def chosen_ports(config: Config) -> Config:
    """The configured ports where they are free, else any free ones."""
    return dataclasses.replace(
        config,
        web_port=_free_or(config.host, config.web_port),
        intake_port=_free_or(config.host, config.intake_port),
    )


def _free_or(host: str, wanted: int) -> int:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError:
            return free_port(host)
    return wanted
