"""How processes share the partitions: whatever joins, leaves, freezes and wakes, nobody valid works beside another.

The database is played by a dictionary whose conditional updates are the real ones (`anlan.database.leases`): a row
changes only when it is as it was read, and a commit counts only when owner and epoch are still its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.stream.shares import Lease, plan, quota_of

PARTITIONS = 64
TTL = 5
RENEW = 1
NAMES = ["a", "b", "c", "d", "e"]


@dataclass
class Table:
    """Rows, workers with the time their leases run out, and the database's clock in seconds."""

    rows: dict[int, Lease] = field(default_factory=lambda: {n: Lease(n, "", 0) for n in range(PARTITIONS)})
    expires: dict[str, int] = field(default_factory=dict)
    now: int = 0

    def change(self, seen: Lease, owner: str) -> bool:
        if self.rows[seen.partition] != seen:
            return False
        self.rows[seen.partition] = Lease(seen.partition, owner, seen.epoch + 1)
        return True


@dataclass
class Process:
    name: str
    held: dict[int, int] = field(default_factory=dict)
    frozen: bool = False
    looked: list[Lease] | None = None
    """What it read before it was frozen: it acts on that when it wakes."""

    def look(self, table: Table) -> None:
        table.expires[self.name] = table.now + TTL
        self.looked = list(table.rows.values())

    def act(self, table: Table, living: set[str]) -> None:
        found = plan(self.name, self.held, self.looked or [], living)
        for partition in found.lost:
            del self.held[partition]
        for lease in found.take:
            if table.change(lease, self.name):
                self.held[lease.partition] = lease.epoch + 1
        for lease in found.disown:
            table.change(lease, "")
        for partition in found.give:
            table.change(Lease(partition, self.name, self.held.pop(partition)), "")

    def may_commit(self, partition: int, table: Table) -> bool:
        row = table.rows[partition]
        return (row.owner, row.epoch) == (self.name, self.held.get(partition))


class World:
    def __init__(self) -> None:
        self.table = Table()
        self.processes: dict[str, Process] = {}
        self.woken: list[tuple[Process, set[str]]] = []

    def living(self) -> set[str]:
        return {name for name, until in self.table.expires.items() if until > self.table.now}

    def second(self) -> None:
        self.table.now += RENEW
        for process in list(self.processes.values()):
            if not process.frozen:
                process.look(self.table)
                process.act(self.table, self.living())
        self.check()

    def check(self) -> None:
        for partition in range(PARTITIONS):
            valid = [p.name for p in self.everybody() if p.may_commit(partition, self.table)]
            assert len(valid) <= 1, (partition, valid)

    def everybody(self) -> list[Process]:
        return list(self.processes.values())


steps = st.lists(
    st.tuples(
        st.sampled_from(["join", "leave", "kill", "freeze", "freeze between", "wake", "wait"]),
        st.sampled_from(NAMES),
        st.integers(0, 7),
    ),
    max_size=30,
)


@settings(max_examples=150)
@given(steps)
def test_never_two_valid_owners_and_everything_owned_soon_after_any_trouble(story: list[tuple[str, str, int]]) -> None:
    world = World()
    for what, name, seconds in [("join", "a", 1), *story]:
        process = world.processes.get(name)
        if what == "join" and process is None:
            world.processes[name] = Process(name)
        elif what == "leave" and process is not None and not process.frozen:
            for partition, epoch in process.held.items():
                world.table.change(Lease(partition, name, epoch), "")
            world.table.expires.pop(name, None)
            del world.processes[name]
        elif what == "kill" and process is not None:
            del world.processes[name]  # a restart bears the same name and remembers nothing
        elif what == "freeze" and process is not None:
            process.frozen = True
        elif what == "freeze between" and process is not None and not process.frozen:
            process.look(world.table)
            process.frozen = True
        elif what == "wake" and process is not None and process.frozen:
            process.frozen = False
            if process.looked is not None:
                process.act(world.table, world.living())  # on what it knew when it froze
                world.check()
        for _ in range(seconds):
            world.second()
    working = [process for process in world.everybody() if not process.frozen]
    if not working:
        return
    for _ in range(TTL + 1 + 2 * len(NAMES)):
        world.second()
    owners = {name: len([r for r in world.table.rows.values() if r.owner == name]) for name in NAMES}
    assert sum(owners[process.name] for process in working) == PARTITIONS, owners
    assert max(owners.values()) - min(owners[process.name] for process in working) <= 1, "the shares are equal"
    assert {p: len(p_.held) for p, p_ in world.processes.items() if not p_.frozen} == {
        process.name: owners[process.name] for process in working
    }


def test_one_that_is_killed_is_replaced_within_its_lease_and_a_second() -> None:
    world = World()
    world.processes = {name: Process(name) for name in "ab"}
    for _ in range(5):
        world.second()
    del world.processes["a"]
    for _ in range(TTL + RENEW):
        world.second()
    assert len(world.processes["b"].held) == PARTITIONS


def test_a_restarted_process_takes_its_own_at_once() -> None:
    world = World()
    world.processes = {name: Process(name) for name in "ab"}
    for _ in range(5):
        world.second()
    before = set(world.processes["a"].held)
    world.processes["a"] = Process("a")
    world.second()
    assert set(world.processes["a"].held) == before
    assert all(world.table.rows[p].epoch == e for p, e in world.processes["a"].held.items())


def test_a_newcomer_gets_its_share_from_those_who_have_more_and_nobody_else_moves() -> None:
    world = World()
    world.processes = {name: Process(name) for name in "ab"}
    for _ in range(5):
        world.second()
    before = {name: set(process.held) for name, process in world.processes.items()}
    world.processes["c"] = Process("c")
    for _ in range(4):
        world.second()
    assert sorted(len(process.held) for process in world.processes.values()) == [21, 21, 22]
    for name in "ab":
        assert set(world.processes[name].held) <= before[name]


def test_the_shares_add_up() -> None:
    for number in range(1, 70):
        names = [f"e{n:02}" for n in range(number)]
        assert sum(quota_of(name, names, PARTITIONS) for name in names) == PARTITIONS
