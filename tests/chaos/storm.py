"""One stormy run: the enterprise sends, the installation is hurt at random, and then everything is compared.

Same seed, same order of faults; when each one hits depends on the machine.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.chaos import register
from tests.chaos.clock import ShiftedClock, compiler
from tests.chaos.installation import PASSWORD, Installation, Reader, until
from tests.chaos.model import Excursion, excursions
from tests.chaos.plant import GatewayBox, Ledger
from tests.chaos.register import GATEWAYS, POINTS
from tests.chaos.small_disk import SmallDisk

CHECKS = ("journal", "records", "history", "lag")
READERS = ("engine", "historian")
PUT_BACK = "日志是较旧的副本，或尾部被截断"
"""Both readers of the log say so for a day after its store was put back: the one fault that `check` must tell then."""


class Storm:
    """``hurt`` runs the faults for so many seconds; ``settle`` and the comparisons come after it."""

    def __init__(self, folder: Path, seed: int, database_url: str, disk: SmallDisk | None, tell: Callable[[str], None]):
        self._folder, self._disk, self._tell = folder, disk, tell
        self._random = random.Random(seed)
        self._clock = ShiftedClock(folder) if compiler() else None
        place = disk.folder if disk is not None else folder
        extra = self._clock.environment if self._clock is not None else {}
        self.installation = Installation(place, database_url, extra)
        self.reader = Reader(self.installation, "auditor")
        self.ledger = Ledger()
        self._end = threading.Event()
        self._began = datetime.now(UTC)
        self._boxes: list[GatewayBox] = []
        self._begun_s = time.monotonic()
        self._was_put_back = False

    def begin(self) -> None:
        """Import the register, start everything, wait until it answers, let the gateways send."""
        book = self._folder / "register.xlsx"
        register.write(book)
        done = self.installation.command("import", str(book))
        assert done.returncode == 0, done.stdout + done.stderr
        keys = dict(line.split() for line in done.stdout.splitlines() if line.strip().startswith(tuple(GATEWAYS)))
        assert sorted(keys) == sorted(GATEWAYS), done.stdout
        added = self.installation.command("user", "add", "auditor", said=PASSWORD + "\n")
        assert added.returncode == 0, added.stderr
        self.installation.start()
        self._wait_up()
        for code in GATEWAYS:
            seed = self._random.getrandbits(32)
            box = GatewayBox(code, keys[code], self.installation.intake, self.ledger, seed, self._end)
            self._boxes.append(box)
            box.start()
        until(lambda: self.ledger.packets >= 2 * len(GATEWAYS), "the first packets", lambda: self.ledger.packets)

    def hurt(self, seconds: float) -> None:
        """Faults, one after the other and one upon the other, until the time is over; each kind in every round."""
        kinds: list[Callable[[], None]] = [self.kill_role, self.kill_role, self.freeze_role, self.restart]
        kinds += [self.kill_everything, self.older_log]
        if self._clock is not None:
            kinds += [self.clock_ahead, self.clock_behind]
        if self._disk is not None:
            kinds.append(self.disk_full)
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            for fault in self._random.sample(kinds, len(kinds)):
                if time.monotonic() >= over:
                    break
                fault()
                time.sleep(self._random.uniform(0.5, 5.0))
                self._still_sending()

    def kill_role(self) -> None:
        name, pid = self._random.choice(sorted(self._processes().items()))
        self._say(f"kill {name}")
        self._signal(pid, signal.SIGKILL)

    def freeze_role(self) -> None:
        name, pid = self._random.choice(sorted(self._processes().items()))
        seconds = self._random.uniform(0.5, 6.0)
        self._say(f"freeze {name} for {seconds:.1f} s")
        self._signal(pid, signal.SIGSTOP)
        time.sleep(seconds)
        self._signal(pid, signal.SIGCONT)

    def restart(self) -> None:
        self._say("stop and start")
        self.installation.stop()
        self.installation.start()
        self._wait_up()

    def kill_everything(self) -> None:
        self._say("kill everything")
        self.installation.kill()
        self.installation.start()
        self._wait_up()

    def older_log(self) -> None:
        """The log's store is put back to a copy that lacks the newest messages, all of which had been worked off."""
        store, copy = self.installation.data / "nats", self._folder / "older-nats"
        self._say("an older copy of the log is put back")
        self.installation.stop()
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(store, copy)
        self.installation.start()
        self._wait_up()
        before = self.ledger.packets
        until(lambda: self.ledger.packets > before + 10, "packets after the copy", lambda: self.ledger.packets)
        self._pause_sending(True)
        self.settle()
        self.installation.stop()
        shutil.rmtree(store)
        shutil.move(copy, store)
        self._was_put_back = True
        self.installation.start()
        self._wait_up()
        self._pause_sending(False)

    def clock_ahead(self) -> None:
        self._shift(self._random.choice([3600.0, 8 * 3600.0]))

    def clock_behind(self) -> None:
        self._shift(-self._random.uniform(5.0, 50.0))

    def disk_full(self) -> None:
        assert self._disk is not None
        seconds = self._random.uniform(2.0, 8.0)
        self._say(f"the disk is full for {seconds:.1f} s")
        with self._disk.full():
            time.sleep(seconds)

    def end(self) -> None:
        """The gateways send what they have left; returns when all of it is acknowledged."""
        self._wait_up()
        self._end.set()
        left = lambda: sum(box.waiting for box in self._boxes)  # noqa: E731
        until(lambda: not any(box.is_alive() for box in self._boxes), "the last packets", left)
        assert [box.failure for box in self._boxes if box.failure] == []
        assert left() == 0

    def close(self) -> None:
        """Stop everything, whatever came of it."""
        self._end.set()
        for box in self._boxes:
            box.join(30)
        self.reader.close()
        self.installation.stop()

    def settle(self) -> None:
        """Wait until history holds as many samples as were acknowledged and as many alarms as must be."""
        last: list[str] = []

        def agrees() -> bool:
            last[:] = self.differences()
            return not last

        until(agrees, "what was acknowledged", lambda: "\n".join(last)[:3000])

    def differences(self) -> list[str]:
        """What is lost, doubled, changed, or raised though it must not be, in words; empty when all is right."""
        found: list[str] = []
        history = self.history()
        with self.ledger.lock:
            told = {code: dict(samples) for code, samples in self.ledger.samples.items()}
        for code, samples in told.items():
            stored = history[code]
            keys = [at for at, _value in stored]
            if lost := sorted(samples.keys() - set(keys)):
                found.append(f"{code}: lost {len(lost)}, the first {_words(lost[0])}, the last {_words(lost[-1])}")
            if doubled := len(keys) - len(set(keys)):
                found.append(f"{code}: {doubled} doubled")
            changed = [at for at, value in stored if at in samples and value != samples[at]]
            if changed:
                found.append(f"{code}: {len(changed)} changed, the first {_words(changed[0])}")
            if foreign := set(keys) - samples.keys():
                found.append(f"{code}: {len(foreign)} that nobody sent")
        wanted = {each for code, samples in told.items() for each in excursions(code, samples)}
        alarms = self.alarms()
        found += [f"no alarm: {each}" for each in sorted(wanted - set(alarms), key=str)]
        for each in sorted(set(alarms) - wanted, key=str):
            when = [_words(at) for at, value in told[each.point].items() if value == each.extreme]
            found.append(f"an alarm that must not be: {each}; its extreme was sampled at {when}")
        if len(alarms) != len(set(alarms)):
            found.append("an alarm is there twice")
        return found

    def history(self) -> dict[str, list[tuple[int, float]]]:
        """Every stored sample of every point, in order: instant in milliseconds, value."""
        until_ = datetime.now(UTC) + timedelta(minutes=5)
        asked = {"from": (self._began - timedelta(minutes=5)).isoformat(), "to": until_.isoformat()}
        found = {}
        for point in POINTS:
            answer = self.reader.get(f"/api/v1/points/{point.code}/samples", **asked)
            assert answer["lost"] == [], answer["lost"]
            found[point.code] = list(zip(map(round, answer["t"]), answer["value"], strict=True))
        return found

    def alarms(self) -> list[Excursion]:
        """Every limit alarm as the API tells it."""
        rows = self.reader.all("/api/v1/alarms", side="high", origin="platform")
        return [
            Excursion(
                row["point"],
                _ms(row["started_at"]),
                _ms(row["cleared_at"]) if row["cleared_at"] else None,
                row["worst"],
                row["extreme"],
            )
            for row in rows
        ]

    def verdict(self) -> None:
        """The comparisons of the end; each asserts."""
        self.settle()
        self._assert_in_order()
        before = self.history()
        self._assert_in_order()
        assert self.history() == before, "a check changed what it checked"
        assert self.differences() == []
        assert self.ledger.refusals == [], "\n".join(self.ledger.refusals[:9])
        assert self.installation.is_up(), "a role is down"
        assert (found := self.installation.traces()) == [], "\n\n".join(found[:3])

    def _assert_in_order(self) -> None:
        for part in CHECKS:
            done = self.installation.command("check", part)
            said = f"anlan check {part}:\n{done.stdout}{done.stderr}"
            if part == "lag" and self._was_put_back:
                faults = done.stdout.splitlines()[1:]
                assert done.returncode == 1, said
                assert [each for each in faults if PUT_BACK not in each] == [], said
                assert len(faults) == len(READERS), said
            else:
                assert done.returncode == 0, said

    def _shift(self, seconds: float) -> None:
        assert self._clock is not None
        lasting = self._random.uniform(2.0, 6.0)
        self._say(f"the clock stands {seconds:+.0f} s off for {lasting:.1f} s")
        self._clock.move(seconds)
        time.sleep(lasting)
        self._clock.move(0.0)

    def _pause_sending(self, still: bool) -> None:
        for box in self._boxes:
            box.hold(still)
        if still:
            until(lambda: all(box.is_still for box in self._boxes), "the gateways stop", lambda: self.ledger.packets)

    def _processes(self) -> dict[str, int]:
        found: dict[str, int] = until(self.installation.processes, "a process to hurt")
        return found

    def _wait_up(self) -> None:
        def so_far() -> Any:
            return sorted(self.installation.processes()), self._used()

        until(self.installation.is_up, "everything is up", so_far, patience=240)

    def _used(self) -> int:
        """Seconds of processor time of all processes that start: a slow machine gets on, too."""
        total = 0
        for pid in self.installation.processes().values():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            total += int(fields[11]) + int(fields[12])
        return total // 100

    def _still_sending(self) -> None:
        assert [box.failure for box in self._boxes if box.failure] == []

    def _say(self, words: str) -> None:
        seconds, at = time.monotonic() - self._begun_s, time.time_ns() // 1_000_000
        self._tell(f"[{seconds:6.1f} s, {at}, {self.ledger.packets} packets] {words}")

    @staticmethod
    def _signal(pid: int, number: signal.Signals) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return  # ended by itself since we looked


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _words(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
