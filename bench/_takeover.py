"""How long until the partitions of an engine that is killed or frozen under load are evaluated by another.

`./run bench national --takeover kill|freeze --database postgresql://…`. A second engine shares the 64 partitions, and
in each of them waits a gateway of its own, whose points go over their limit one after the other. The second engine is
ended right behind alarms in some of the partitions, which it may have committed or not. Measured from
that instant: until the first engine owns everything, until an alarm sent afterwards is committed in every partition of
the dead engine, and how long alarms of the first engine's own partitions took meanwhile. In the end every alarm must
be there exactly once, and everything acknowledged once in history.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.national import Run, Sender, cpu_seconds, machine, say, share

from anlan.stream.partition import PARTITIONS, partition_of
from anlan.testing.sites import Site, sites

SECOND = "engine-2"
LOOK_S = 0.05
OWN_EVERY_S = 0.5
PATIENCE_S = 180.0
MOST_SOURCES = 3
"""So many hazard sources a site has at most; its points belong to them in turn."""


def probes(enterprises: int, points: int) -> list[Site]:
    """The sites behind the first ``enterprises``, as many as it takes until every partition has one of them."""
    found: list[Site] = []
    for site in itertools.islice(sites(enterprises + 100 * PARTITIONS, points), enterprises, None):
        found.append(site)
        if len({partition_of(each.enterprise) for each in found}) == PARTITIONS:
            return found
    raise SystemExit("not every partition has an enterprise")


def until(what: Callable[[], bool], message: str, seconds: float = PATIENCE_S) -> float:
    """Look again and again; returns the seconds that it took."""
    begin = time.perf_counter()
    while not what():
        if time.perf_counter() > begin + seconds:
            raise SystemExit(f"not within {seconds:.0f} s: {message}")
        time.sleep(LOOK_S)
    return time.perf_counter() - begin


class Probes:
    """A gateway for each partition. A jump puts one more of its points over the limit, where it stays: one alarm."""

    def __init__(self, intake_url: str, extra: list[Site], tops: list[float]) -> None:
        from anlan.testing.sender import Sender as Gateway

        self._extra, self._tops = extra, tops
        self._of = {partition_of(site.enterprise): site for site in reversed(extra)}
        self._gateways = {site.gateway: Gateway(intake_url, site.gateway, site.key) for site in extra}
        self._over: Counter[str] = Counter()
        self._pool = ThreadPoolExecutor(16)
        self.sent: dict[str, float] = {}
        """Point → when the packet that raises its alarm was first sent, by the steady clock."""
        self.packets = 0

    def settle(self) -> None:
        """All of them, also those that share a partition, send a packet, and every hazard source gets its warning: what
        is timed later is an alarm more."""
        list(self._pool.map(self._send, self._extra))
        for _ in range(MOST_SOURCES):
            latencies(self, self.jump(range(PARTITIONS)))

    def jump(self, partitions: Iterable[int]) -> set[str]:
        """One more point in each of these partitions; returns the points, once their packets are acknowledged."""
        chosen = [self._of[partition] for partition in partitions]
        points = {site.points[self._over[site.gateway]] for site in chosen}
        self._over.update(site.gateway for site in chosen)
        for site, at in zip(chosen, self._pool.map(self._send, chosen), strict=True):
            self.sent[site.points[self._over[site.gateway] - 1]] = at
        return points

    def alarms(self) -> Counter[str]:
        """How many events each point has in the database."""
        from anlan.apps.alarms.models import AlarmEvent

        events = AlarmEvent.objects.by_the_machine().filter(enterprise__code__in=self.enterprises)
        return Counter(events.values_list("alarm__point__code", flat=True))

    @property
    def enterprises(self) -> list[str]:
        return [site.enterprise for site in self._extra]

    def end(self) -> None:
        self._pool.shutdown()
        for gateway in self._gateways.values():
            gateway.close()

    def _send(self, site: Site) -> float:
        """Repeat a packet until it is acknowledged."""
        from anlan.testing.sender import packet

        values = {
            code: round((0.85 if number < self._over[site.gateway] else 0.5) * self._tops[number % len(self._tops)], 3)
            for number, code in enumerate(site.points)
        }
        message = packet(site.enterprise, site.gateway, datetime.now(UTC), values)
        begin = time.perf_counter()
        while time.perf_counter() < begin + PATIENCE_S:
            reply = self._gateways[site.gateway].send(message)
            if reply.accepted + reply.duplicates:
                self.packets += 1
                return begin
            time.sleep(0.05)
        raise SystemExit(f"a packet of a probe was never taken: {reply}")


class Pair:
    """The supervised engine and a second one beside it, which nobody starts again."""

    def __init__(self, run: Run) -> None:
        from anlan.roles.supervisor.child import Child

        config = run.supervisor.config
        environment = {**config.environment(), "ANLAN_NATS_URL": run.supervisor.nats_url}
        self.second = Child("engine", environment, config.data_dir / "log" / f"{SECOND}.log", [SECOND])

    def begin(self) -> None:
        """Start the second one and wait until each has half of the partitions."""
        self.second.start()
        until(lambda: sorted(map(len, self.owned().values())) == [PARTITIONS // 2] * 2, "shares of two engines")

    def owned(self) -> dict[str, set[int]]:
        """The partitions of each engine, by its name without its place."""
        from anlan.apps.alarms.models import EnginePosition

        found: dict[str, set[int]] = {}
        for partition, owner in EnginePosition.objects.values_list("partition", "owner"):
            found.setdefault(owner.partition("@")[0], set()).add(partition)
        return found

    def signal(self, number: signal.Signals) -> None:
        assert self.second.pid
        os.kill(self.second.pid, number)

    def end(self) -> None:
        if self.second.pid:
            self.signal(signal.SIGKILL)
            self.second.wait_end(10)


def measure(run: Run, extra: list[Site], tops: list[float], sender: Sender) -> dict[str, Any]:
    """Both engines under load, one of them ended; returns the figures."""
    pair, probes = Pair(run), Probes(run.supervisor.intake_url, extra, tops)
    try:
        pair.begin()
        probes.settle()
        return _measure(run, pair, probes, sender)
    finally:
        probes.end()
        pair.end()


def _measure(run: Run, pair: Pair, probes: Probes, sender: Sender) -> dict[str, Any]:
    arguments = run.arguments
    since = datetime.now(UTC) - timedelta(hours=1)
    say(f"{arguments.rate:,.0f} samples/s for {arguments.warm_up:.0f} + {arguments.seconds:.0f} s, two engines")
    sender.begin(arguments.warm_up + arguments.seconds, arguments.rate / arguments.points)
    time.sleep(arguments.warm_up / 2)
    before, began = cpu_seconds(run.pids()["engine"]), time.perf_counter()
    time.sleep(arguments.warm_up / 2)
    cores = (cpu_seconds(run.pids()["engine"]) - before) / (time.perf_counter() - began)
    shares = pair.owned()
    theirs = shares[SECOND]
    usual = latencies(probes, probes.jump(range(PARTITIONS)))
    figures = _take_over(run, pair, probes, theirs)
    if arguments.takeover == "freeze":
        say("the frozen engine goes on")
        pair.signal(signal.SIGCONT)
        until(lambda: pair.owned() == shares or _halved(pair), "shares after the thaw")
    afterwards = latencies(probes, probes.jump(range(PARTITIONS)))
    run.add(sender.result(), arguments.points)
    return {
        "machine": machine(),
        "takeover": arguments.takeover,
        "points": arguments.enterprises * arguments.points,
        "gateways": arguments.enterprises,
        "offered_per_second": arguments.rate,
        "engine_cores_before": cores,
        "event_before_p50_s": share(usual, 0.5),
        "event_before_longest_s": share(usual, 1),
        **figures,
        "event_after_p50_s": share(afterwards, 0.5),
        "event_after_longest_s": share(afterwards, 1),
        **_ledger(run, probes, since),
    }


def _halved(pair: Pair) -> bool:
    return sorted(map(len, pair.owned().values())) == [PARTITIONS // 2] * 2


def latencies(probes: Probes, points: set[str]) -> list[float]:
    """Seconds from sending to the commit of each of these alarms, sorted, as closely as one looks."""
    heard: dict[str, float] = {}

    def all_there() -> bool:
        moment = time.perf_counter()
        heard.update({code: moment for code in probes.alarms() if code in points and code not in heard})
        return len(heard) == len(points)

    until(all_there, "alarms of the probes")
    return sorted(heard[code] - probes.sent[code] for code in points)


def _take_over(run: Run, pair: Pair, probes: Probes, theirs: set[int]) -> dict[str, float]:
    """End the second engine; returns when what was done, in seconds since."""
    mine = itertools.cycle(sorted(set(range(PARTITIONS)) - theirs))
    say(f"{run.arguments.takeover} of the second engine, with {len(theirs)} partitions")
    in_flight = probes.jump(range(0, PARTITIONS, 4))
    begin, spent = time.perf_counter(), cpu_seconds(run.pids()["engine"])
    pair.signal(signal.SIGKILL if run.arguments.takeover == "kill" else signal.SIGSTOP)
    at_the_end = probes.alarms()
    waiting = probes.jump(theirs)
    stages = {
        "leases": lambda: len(pair.owned().get("engine", ())) == PARTITIONS,
        "held": lambda: run.figure("engine", "engine_partitions") == PARTITIONS,
        "live": lambda: waiting <= probes.alarms().keys(),
    }
    done: dict[str, float] = {}
    own, next_own, longest = set[str](), 0.0, 0.0
    while stages:
        moment = time.perf_counter()
        if moment > begin + PATIENCE_S:
            raise SystemExit(f"not taken over within {PATIENCE_S:.0f} s: {done}")
        for stage in [stage for stage, reached in stages.items() if reached()]:
            del stages[stage]
            done[f"takeover_{stage}_s"] = time.perf_counter() - begin
            done[f"takeover_{stage}_cpu_s"] = cpu_seconds(run.pids()["engine"]) - spent
        there = own & probes.alarms().keys()
        longest = max([longest, *(time.perf_counter() - probes.sent[code] for code in there)])
        own -= there
        if moment > next_own:
            own |= probes.jump([next(mine)])
            next_own = moment + OWN_EVERY_S
        time.sleep(LOOK_S)
    return {
        **done,
        "not_committed_when_ended": len(in_flight - at_the_end.keys()),
        "own_alarms_longest_s": max([longest, *latencies(probes, own)]),
    }


def _ledger(run: Run, probes: Probes, since: datetime) -> dict[str, float]:
    """What was acknowledged against what stands in the databases. A partition is read in order: the last alarm of each
    is there, so what was sent before it has been evaluated."""
    from anlan.apps.history.selectors import samples_count

    events = probes.alarms()
    found: dict[str, float] = {
        "acknowledged": run.acknowledged,
        "alarm_events": sum(events.values()),
        "alarm_events_expected": len(probes.sent),
        "alarms_lost": len(probes.sent.keys() - events.keys()),
        "alarms_doubled": sum(count > 1 for count in events.values()) + len(events.keys() - probes.sent.keys()),
    }
    if not run.arguments.no_history:
        until_at = datetime.now(UTC) + timedelta(hours=1)
        expected = run.acknowledged + probes.packets * run.arguments.points
        count = run.drain(expected, lambda: samples_count(since, until_at), seconds=600)
        found |= {"lost": max(0, expected - count), "doubled": max(0, count - expected)}
    return found
