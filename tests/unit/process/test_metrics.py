"""What a role says of itself on loopback: defined names only, and the truth about being ready."""

from __future__ import annotations

import contextlib
import socket
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from anlan import metrics as defined
from anlan.config import Config
from anlan.process import metrics
from anlan.process.places import announce
from anlan.roles.supervisor import ROLES


def get(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_figures_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    config, figures = Config(data_dir=tmp_path), {"clock_fired_total": 0.0}
    address = metrics.serve(config, "clock", lambda: figures)
    assert address.startswith("127.0.0.1:")
    figures["clock_fired_total"] += 3
    status, text = get(address, "/metrics")
    assert status == 200
    assert "# TYPE anlan_clock_fired_total counter\nanlan_clock_fired_total 3.0\n" in text
    assert "\nanlan_process_threads " in text
    assert get(address, "/health") == (200, "ok\n")
    assert get(address, "/ready")[0] == 503
    announce(config, "clock", metrics=address)
    assert get(address, "/ready") == (200, "ready\n")
    assert get(address, "/else")[0] == 404


def test_figures_that_fail_are_an_error_and_the_process_goes_on(tmp_path: Path) -> None:
    address = metrics.serve(Config(data_dir=tmp_path), "clock", lambda: {"unheard_of": 1})
    assert get(address, "/metrics")[0] == 500
    assert get(address, "/health")[0] == 200


def test_labels_are_written_so_that_they_can_be_read() -> None:
    text = metrics.text("delivery", {"delivery_letters": {'a"b\\c': 2}})
    assert text.splitlines()[-1] == 'anlan_delivery_letters{state="a\\"b\\\\c"} 2'
    with pytest.raises(KeyError):
        metrics.text("clock", {"delivery_letters": {}})


def test_names_are_given_once_and_counters_end_as_counters_do() -> None:
    assert len(defined.BY_NAME) == len(defined.METRICS)
    assert all(each.name.endswith("_total") == (each.kind == "counter") for each in defined.METRICS)


def test_every_process_has_figures_of_its_own_beside_those_that_all_have() -> None:
    served = {role for each in defined.METRICS if each.roles != defined.ALL for role in each.roles}
    assert served == set(defined.ALL) == {*ROLES, "supervisor", "gateway"}


def connection(address: str) -> socket.socket:
    host, _, port = address.partition(":")
    return socket.create_connection((host, int(port)), timeout=30)


@pytest.mark.case("G11")
def test_whoever_connects_a_thousand_times_gets_eight_threads_and_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(defined._Server, "seconds", 0.3)
    address = metrics.serve(Config(data_dir=tmp_path), "clock", dict)
    before = threading.active_count()
    with contextlib.ExitStack() as all:
        peers = [all.enter_context(connection(address)) for _ in range(200)]
        for each in peers:
            with contextlib.suppress(ConnectionError):
                each.sendall(b"GET /met")
        assert threading.active_count() <= before + defined._Server.at_once
        for each in peers:  # one drips for as long as it is let, all are ended
            with contextlib.suppress(ConnectionError):
                while each is peers[0]:
                    each.sendall(b"x")
                assert each.recv(100) == b""
        assert get(address, "/health") == (200, "ok\n")
