"""The outside observer: what it takes for a sign of life, and what it does when there is none."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from anlan.now import now as clock
from anlan.roles import watch

NOW = datetime(2024, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "alive"


def touch(file: Path, at: datetime) -> None:
    file.touch()
    os.utime(file, (at.timestamp(), at.timestamp()))


@pytest.mark.parametrize(("age_s", "alive"), [(0, True), (90, True), (91, False), (-60, True), (-91, False)])
def test_a_file_counts_while_it_is_fresh_and_not_from_the_future(file: Path, age_s: int, alive: bool) -> None:
    touch(file, NOW - timedelta(seconds=age_s))
    assert watch.look(str(file), 90, NOW).alive is alive


def test_a_file_that_is_not_there_is_no_sign(file: Path) -> None:
    sight = watch.look(str(file), 90, NOW)
    assert not sight.alive
    assert str(file) in sight.words


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[int, bytes]]]]:
    answers: list[tuple[int, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}/alive", answers
    made.shutdown()
    made.server_close()
    thread.join(10)


def passed(ago_s: float) -> bytes:
    return json.dumps({"alive": True, "passed_at": (NOW - timedelta(seconds=ago_s)).isoformat()}).encode()


ANSWERS = {
    "fresh": (200, passed(10), True),
    "stale though it says 200": (200, passed(100), False),
    "unwell": (503, passed(10), False),
    "another page": (200, b"ok", True),
}


@pytest.mark.parametrize(("status", "body", "alive"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_address_counts_by_its_answer_and_its_time(
    server: tuple[str, list[tuple[int, bytes]]], status: int, body: bytes, alive: bool
) -> None:
    url, answers = server
    answers.append((status, body))
    assert watch.look(url, 90, NOW).alive is alive


def test_an_address_where_nobody_is_is_no_sign() -> None:
    assert not watch.look("http://127.0.0.1:9/alive", 90, NOW).alive


def test_loss_and_return_are_told_once_each_and_handed_to_the_command(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = tmp_path / "told"
    watcher = watch.Watcher(str(file), 90, f'echo "$ANLAN_WATCH_STATE $ANLAN_WATCH_REASON" >> {told}')
    for _ in range(3):
        watcher.look(NOW)
    touch(file, NOW)
    for _ in range(3):
        watcher.look(NOW)
    lines = told.read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in lines] == ["lost", "back"]
    assert str(file) in lines[0]
    assert [line[:2] for line in capsys.readouterr().out.splitlines()] == ["异常", "恢复"]


def test_a_command_that_fails_does_not_end_the_watch(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    watcher = watch.Watcher(str(file), 90, "exit 3")
    assert not watcher.look(NOW).alive
    assert "退出码 3" in capfd.readouterr().err


def test_one_look_ends_with_an_exit_code_for_cron(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert watch.main([str(file)]) == 1
    touch(file, clock())
    assert watch.main([str(file), "--within", "5m"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("正常")


@pytest.mark.parametrize("text", ["", "0", "-3s", "90 s", "1d"])
def test_a_time_that_cannot_be_meant_is_refused(file: Path, text: str) -> None:
    with pytest.raises(SystemExit):
        watch.main([str(file), "--within", text])
