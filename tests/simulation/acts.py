"""What can happen in a simulated world. Each act says in a few words what it did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connections
from tests.simulation import ledger
from tests.simulation.memory_log import Store
from tests.simulation.roles import FROZEN_AFTER, ROLES
from tests.simulation.world import PERIOD_S, Copy, Gate, World, micros

from anlan.roles.intake.own_time import LEAST

WORKERS = ("engine", "historian", "clock", "delivery")
"""The roles that write a database."""


def frame(world: World) -> str:
    """Some seconds pass; every gateway reads its points and sends."""
    for gate in world.gates:
        world.measure(gate)
    world.advance(PERIOD_S)
    if (late := world.held_back) is not None and world.random.random() < 0.4:
        world.held_back = None
        world.waiting.append(late)
    world.send()
    if world.random.random() < 0.1:
        _again(world)
    return ""


def _again(world: World) -> None:
    """A packet of before goes out once more, under its own id or another."""
    if world.sent_lately:
        known = world.random.choice(world.sent_lately)
        world.send_again(known if world.random.random() < 0.5 else world.renamed(known))


def _frames(world: World, most: int, role: str) -> None:
    """Frames until the process is gone; it is ended where it stands when its statement does not come."""
    process = world.processes.running[role]
    for _ in range(most):
        if process.returncode is not None:
            return
        frame(world)
    process.kill()


def kill(world: World) -> str:
    role, statements = world.random.choice([*ROLES, "engine", "historian"]), world.random.randrange(60)
    if not world.processes.up(role):
        return f"{role} is not up"
    world.processes.running[role].arm(statements, "kill")
    _frames(world, 3, role)
    world.advance(0)
    world.sender_is_gone()
    return f"{role} after {statements} statements"


def write_fails(world: World) -> str:
    role, statements = world.random.choice(WORKERS), world.random.randrange(30)
    if not world.processes.up(role):
        return f"{role} is not up"
    process, before = world.processes.running[role], world.clock.now_us()
    process.arm(statements, "fail")
    frame(world)
    process.armed = None
    world.sender_is_gone()
    if role == "clock":
        world.excuse_clock(before - 2 * round(world.roles.pace.clock_s * 1e6))
        world.clock_is_down()
    return f"{role} after {statements} statements"


def freeze(world: World) -> str:
    """The process stands still; the supervisor ends it when that lasts, and not before."""
    role, seconds = world.random.choice(ROLES), world.random.choice([3, 15, 15, 60])
    if not world.processes.up(role):
        return f"{role} is not up"
    process = world.processes.running[role]
    world.processes.freeze(role)
    if role == "clock":
        world.clock_is_down()
    for _ in range(3):
        world.advance(seconds / 3)
    ended = process.returncode is not None
    assert ended or seconds <= FROZEN_AFTER + 2, f"{role} stood still for {seconds} s and was not ended"
    assert not ended or seconds >= FROZEN_AFTER, f"{role} stood still for {seconds} s only and was ended"
    if not ended:
        world.processes.thaw(role)
    world.advance(1)
    return f"{role} for {seconds} s"


def restart(world: World) -> str:
    role = world.random.choice(ROLES)
    if not world.processes.up(role):
        return f"{role} is not up"
    process = world.processes.running[role]
    process.terminate()
    world.until(lambda: process.returncode is not None, 150.0)
    return role


def power_fails(world: World) -> str:
    world.stop()
    world.advance(world.random.choice([1.0, 30.0]))
    world.start()
    return ""


def log_down(world: World) -> str:
    seconds = world.random.choice([1.0, 20.0])
    world.log.up = False
    world.measure(world.gates[0])
    world.send()
    world.advance(seconds)
    world.log.up = True
    return f"{seconds:.0f} s"


def log_full(world: World) -> str:
    """No more is taken until there is room; gateways keep what they have."""
    most, world.log.most = world.log.most, len(world.log.store.messages) + world.random.randrange(2)
    for _ in range(2):
        frame(world)
    world.log.most = most
    return ""


def answer_lost(world: World) -> str:
    world.log.lose_answer = True
    return frame(world)


def same_id(world: World) -> str:
    """A scan comes as several packets of one id and one time, as some gateways send it."""
    for gate in world.gates:
        world.measure(gate, parts=2)
    world.advance(PERIOD_S)
    world.send()
    return ""


def held_back(world: World) -> str:
    """A packet goes another way and comes behind later ones; nothing of note is in it."""
    gate = world.random.choice([gate for gate in world.gates if gate.points])
    if world.waiting or world.held_back or any(world.levels[point] != 50.0 for point in gate.points):
        return "none"
    world.measure(gate, quiet=True)
    world.held_back = world.waiting.pop()
    world.advance(1)
    return gate.code


def copy_log(world: World) -> str:
    world.older_log = world.log.copy()
    return f"at {world.log.store.last_seq}"


def _log_put_back(world: World) -> str:
    if world.older_log is None or world.older_log.birth != world.log.store.birth:
        return "none"
    world.settle()
    gone = sum(seq > world.older_log.last_seq for seq in world.log.store.messages)
    world.log.put_back(world.older_log)
    return f"{gone} messages fewer"


def older_log(world: World) -> str:
    """The whole installation stands still while the store is put back; both have worked off all that is in it."""
    return _log_put_back(world)


def older_log_and_kills(world: World) -> str:
    """While an older log is read anew, whoever reads it is killed on the way, and fresh packets come meanwhile."""
    said = _log_put_back(world)
    role, statements = world.random.choice(["engine", "engine", "historian"]), world.random.randrange(150)
    if said == "none" or not world.processes.up(role):
        return said
    world.processes.running[role].arm(statements, "kill")
    _frames(world, 2, role)
    world.advance(0)
    return f"{said}, {role} killed after {statements} statements"


def tail_cut(world: World) -> str:
    """The log has lost the last that it took, and a reader may have stood on the same host; a gateway may send a packet
    again, as after a lost answer."""
    last = sorted(world.log.store.messages)[-world.random.randrange(1, 6) :]
    messages = [world.log.store.messages[seq] for seq in last]
    world.ledger.excused |= world.samples_in(messages)
    world.ledger.foreign.clear()  # what nobody has read nobody refuses
    role, said = world.random.choice(["", "engine", "historian"]), f"{len(messages)} messages"
    if world.processes.up(role):
        world.processes.running[role].kill()
        said += f" and {role}"
    world.log.cut(len(messages))
    if world.sent_lately and world.random.random() < 0.5:
        world.send_again(world.sent_lately[-1])
        said += ", a packet sent again"
    return said


def another_log(world: World) -> str:
    world.settle()
    last = world.log.store.last_seq
    world.log.put_back(Store(birth=world.log.store.birth + 1, first_seq=last + 1, last_seq=last))
    world.older_log = None
    return ""


def copy_database(world: World) -> str:
    world.settle()
    alias = world.random.choice(["default", "history"])
    image = bytes(connections[alias].connection.serialize())
    sent = {point: set(samples) for point, samples in world.ledger.sent.items()}
    world.copies[alias] = Copy(image, world.clock.now_us(), sent, len(world.line.taken))
    return alias


def older_database(world: World) -> str:
    """A backup is put back while nothing runs. What neither it nor the log holds is lost, and known to be."""
    if not world.copies:
        return "none"
    alias = world.random.choice(sorted(world.copies))
    copy = world.copies[alias]
    world.stop()
    connections[alias].connection.deserialize(copy.image)
    in_log = world.samples_in(list(world.log.store.messages.values()))
    for point, samples in world.ledger.sent.items():
        since = {(point, us) for us in samples if us not in copy.sent[point]}
        gone = {each for each in since if each not in in_log}
        if alias == "history":
            world.ledger.excused |= gone
        elif gone:
            world.ledger.touched.add(point)
    if alias == "default":
        world.excuse_clock(copy.at_us)
        world.ledger.foreign.clear()
        world.ledger.repeats += len(world.line.taken) - copy.letters
    world.advance(1)
    world.start()
    return alias


def registry_changed(world: World) -> str:
    """While nothing runs a point is switched off, switched on again, or moved to another gateway. The last one in use
    stays: where nobody sends, the acts that choose a gateway have none to choose."""
    from anlan.apps.org.actor import MACHINE, Actor
    from anlan.apps.registry.models import Gateway, Point
    from anlan.apps.registry.services import change_point

    world.settle()
    world.stop()
    point = world.random.choice(world.points)
    row = Point.objects.by_the_machine().get(code=point)
    sent = world.ledger.sent[point]
    stretches = world.ledger.switched.setdefault(point, [])
    if point in world.off:
        changes: dict[str, Any] = {"is_active": True}
        world.off.discard(point)
        _gate_of(world, row.gateway.code).points.append(point)
        said = f"{point} switched on"
    elif world.random.random() < 0.5 and len(world.off) < len(world.points) - 1:
        changes = {"is_active": False}
        world.off.add(point)
        stretches.append((max(sent, default=0), 0))
        for gate in world.gates:
            gate.points = [each for each in gate.points if each != point]
        said = f"{point} switched off"
    else:
        here = next(gate for gate in world.gates if point in gate.points)
        there = next(gate for gate in world.gates if gate.enterprise == here.enterprise and gate is not here)
        here.points.remove(point)
        there.points.append(point)
        changes = {"gateway": Gateway.objects.by_the_machine().get(code=there.code)}
        said = f"{point} moved to {there.code}"
    change_point(row, by=Actor(MACHINE), at=world.clock.now(), **changes)
    world.copies.pop("default", None)
    world.start()
    return said


def _gate_of(world: World, code: str) -> Gate:
    return next(gate for gate in world.gates if gate.code == code)


def state_damaged(world: World) -> str:
    """While nothing runs, a bit of what the engine has saved is flipped."""
    from anlan.apps.alarms.models import EngineState

    world.stop()
    rows = list(EngineState.objects.order_by("gateway"))
    said = "none"
    if rows:
        row = world.random.choice(rows)
        body = bytearray(row.body)
        place = world.random.randrange(8 * len(body))
        body[place // 8] ^= 1 << place % 8
        EngineState.objects.filter(pk=row.pk).update(body=bytes(body))
        said = f"bit {place} of {row.gateway}"
    world.start()
    return said


def older_state(world: World) -> str:
    """While nothing runs, what the engine has saved of a gateway is gone."""
    from anlan.apps.alarms.models import EngineState

    world.stop()
    rows = list(EngineState.objects.order_by("gateway"))
    said = "none"
    if rows:
        row = world.random.choice(rows)
        EngineState.objects.filter(pk=row.pk).delete()
        said = row.gateway
    world.start()
    return said


def clock_moves(world: World) -> str:
    """The host's clock stands wrong for a while and is set right again; packets of before it come once more, and the
    engine may start anew meanwhile."""
    frame(world)  # right before it, the clock stood right
    before = world.clock.now_us()
    moved = world.random.choice([3600.0, 8 * 3600.0, -30.0, -45.0])
    world.clock_is_down()
    if moved > 60 and sum(bool(gate.points) for gate in world.gates) < LEAST:  # one alone may be the one that is wrong
        world.ledger.touched.update(world.points)
    world.clock.off_s = moved
    for _ in range(world.random.choice([2, 6])):
        frame(world)
        if world.random.random() < 0.3:
            _again(world)
        if world.random.random() < 0.1 and world.processes.up("engine"):
            world.processes.running["engine"].kill()
    world.advance(0)
    world.clock.off_s = 0.0
    world.excuse_clock(min(before, world.clock.now_us()) - 60_000_000)
    world.clock_is_down()
    _again(world)
    return f"{moved:+.0f} s"


def silence(world: World) -> str:
    """One gateway says nothing for minutes while the others go on."""
    gate = world.random.choice([gate for gate in world.gates if gate.points])
    world.start()
    for _ in range(10):
        for other in world.gates:
            if other.enterprise != gate.enterprise:
                world.measure(other)
        world.advance(20.0)
        world.send()
    points = [point for each in world.gates if each.enterprise == gate.enterprise for point in each.points]
    assert (found := list(ledger.silent(world, points))) == [], "\n".join(found)
    return gate.code


def line_down(world: World) -> str:
    world.line.up = False
    frame(world)
    world.advance(10)
    world.line.up = True
    return ""


def line_says_nothing(world: World) -> str:
    world.line.lose_answer = True
    world.ledger.repeats += 1
    return frame(world)


def quiet(world: World) -> str:
    world.advance(world.random.choice([10.0, 40.0]))
    return ""


def hours(world: World) -> str:
    """Long enough for steps to fall due; nothing is sent meanwhile."""
    world.start()
    minutes = world.random.choice([12, 35, 65, 130])
    world.roles.pace.slow()
    world.advance(60.0 * minutes)
    world.roles.pace.quick()
    world.roles.stir()
    world.advance(1)
    return f"{minutes} min"


def check_history(world: World) -> str:
    assert (found := [*ledger.damage(), *ledger.shown_twice(world)]) == [], "\n".join(found)
    return "nothing found"


def lull(world: World) -> str:
    """Everything settles and is compared; AssertionError with everything that differs."""
    for _ in range(2):
        frame(world)
    world.settle()
    points = [point for gate in world.gates for point in gate.points if not world.waiting]
    latest = world.loop.seconds - 60
    lately = [point for point in points if max(world.ledger.sent[point], default=0) / 1e6 - _began(world) > latest]
    found = [*world.differences(), *ledger.heard(world, lately)]
    assert found == [], "\n".join(found[:20])
    return "everything in order"


def _began(world: World) -> float:
    return micros(world.clock.now()) / 1e6 - world.loop.seconds - world.clock.off_s


ACTS: dict[str, tuple[float, Callable[[World], str]]] = {
    "frame": (60, frame),
    "kill": (6, kill),
    "write fails": (3, write_fails),
    "freeze": (2, freeze),
    "restart": (2, restart),
    "power fails": (1, power_fails),
    "log down": (2, log_down),
    "log full": (1, log_full),
    "answer lost": (2, answer_lost),
    "several packets of one id": (3, same_id),
    "a packet held back": (3, held_back),
    "copy of the log": (2, copy_log),
    "older log put back": (1, older_log),
    "older log put back, kills": (1.5, older_log_and_kills),
    "tail cut": (1, tail_cut),
    "another log": (0.5, another_log),
    "copy of a database": (1.5, copy_database),
    "older database put back": (1, older_database),
    "registry changed": (1.5, registry_changed),
    "saved state damaged": (0.7, state_damaged),
    "saved state gone": (0.5, older_state),
    "clock moves": (1.5, clock_moves),
    "silence": (1, silence),
    "line down": (1, line_down),
    "no word from the line": (1, line_says_nothing),
    "quiet": (2, quiet),
    "hours": (1.5, hours),
    "check of history": (1, check_history),
    "lull": (0, lull),
}
"""What can happen, and how often beside the others; a lull comes at fixed places."""
