"""Passwords are tried a few times only, however many ask at once, and nobody is locked out by somebody else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connections
from django.test import Client

from anlan import now as clock
from anlan.apps.accounts import guessing, hashing, services
from anlan.apps.accounts.models import Tries, User, Visit
from anlan.apps.org.models import Person

RIGHT, WRONG = "示例密码-9731", "示例密码-0000"
Post = Callable[..., Any]


@pytest.fixture
def officer(db: None) -> User:
    return User.objects.create_user("officer", RIGHT)


def log_in(client: Client, name: str, password: str, address: str = "192.0.2.1") -> Any:
    return client.post("/login/", {"username": name, "password": password}, REMOTE_ADDR=address)


@pytest.fixture
def argon(settings: Any) -> None:
    """Passwords as the product keeps them; other tests take a quicker way."""
    settings.PASSWORD_HASHERS = ["anlan.apps.accounts.hashing.FewAtOnce"]


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch, argon: None) -> list[str]:
    """Every password that was really checked."""
    seen: list[str] = []
    check = hashing.FewAtOnce.verify

    def verify(self: hashing.FewAtOnce, password: str, encoded: str) -> bool:
        seen.append(password)
        return check(self, password, encoded)

    monkeypatch.setattr(hashing.FewAtOnce, "verify", verify)
    return seen


@pytest.mark.case("G6")
@pytest.mark.django_db(transaction=True)
def test_twenty_guesses_at_once_are_no_more_than_the_limit(
    looked_at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "WAIT_S", 600.0)
    User.objects.create_user("officer", RIGHT)
    looked_at.clear()
    answers: list[int] = []

    def guess(number: int) -> None:
        answers.append(log_in(Client(), "officer", f"guess-{number}", f"192.0.2.{number}").status_code)
        connections.close_all()

    threads = [threading.Thread(target=guess, args=[number]) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked_at) == guessing.STRANGERS
    assert sorted(answers) == [200] * guessing.STRANGERS + [429] * (20 - guessing.STRANGERS)


@pytest.mark.case("G6")
def test_whoever_guesses_elsewhere_locks_nobody_out_of_the_screen_they_use(officer: User) -> None:
    desk = Client()
    assert log_in(desk, "officer", RIGHT).status_code == 302
    desk.post("/logout/")
    for number in range(guessing.STRANGERS):
        assert log_in(Client(), "officer", WRONG, f"192.0.2.{number}").status_code == 200
    refused = log_in(Client(), "officer", RIGHT, "192.0.2.99")
    assert refused.status_code == 429
    assert "分钟后可以再试" in refused.content.decode()
    assert int(refused.headers["Retry-After"]) <= 15 * 60
    assert log_in(desk, "officer", RIGHT).status_code == 302


@pytest.mark.case("G6")
def test_a_known_screen_may_not_guess_for_ever_either_nor_lend_its_tries_to_another_name(officer: User) -> None:
    User.objects.create_user("other", RIGHT)
    desk = Client()
    log_in(desk, "officer", RIGHT)
    desk.post("/logout/")
    for _ in range(guessing.KNOWN_DEVICE):
        assert log_in(desk, "officer", WRONG).status_code == 200
    assert log_in(desk, "officer", RIGHT).status_code == 429
    log_in(desk, "other", WRONG)
    assert Tries.objects.get(key="name other").count == 1


@pytest.mark.case("G6")
def test_one_address_may_not_spray_over_many_names(officer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "ADDRESS", 3)
    for number in range(3):
        assert log_in(Client(), f"name-{number}", WRONG).status_code == 200
    assert log_in(Client(), "officer", RIGHT).status_code == 429
    assert log_in(Client(), "officer", RIGHT, "192.0.2.2").status_code == 302


@pytest.mark.case("G6")
def test_altogether_there_is_a_limit_too(officer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "OVERALL", 3)
    for number in range(3):
        assert log_in(Client(), f"name-{number}", WRONG, f"192.0.2.{number}").status_code == 200
    assert log_in(Client(), "officer", RIGHT, "192.0.2.9").status_code == 429


@pytest.mark.case("G6")
def test_the_present_password_cannot_be_guessed_at_an_open_screen(officer: User) -> None:
    desk = Client()
    desk.force_login(officer)
    form = {"new_password1": "另一个密码-5511", "new_password2": "另一个密码-5511"}
    for number in range(guessing.OWN_PASSWORD):
        assert desk.post("/password/", {"old_password": f"guess-{number}", **form}).status_code == 200
    assert desk.post("/password/", {"old_password": RIGHT, **form}).status_code == 429
    officer.refresh_from_db()
    assert officer.check_password(RIGHT)


@pytest.mark.case("G6")
def test_success_costs_no_try_and_a_window_ends(officer: User) -> None:
    for _ in range(guessing.STRANGERS + 1):
        assert log_in(Client(), "officer", RIGHT).status_code == 302
    at, limit = datetime(2024, 3, 1, tzinfo=UTC), {"key": 1}
    guessing.take(limit, at)
    with pytest.raises(guessing.TooMany) as refused:
        guessing.take(limit, at + guessing.WINDOW - timedelta(microseconds=1))
    assert refused.value.until == at + guessing.WINDOW
    guessing.take(limit, at + guessing.WINDOW)


@pytest.mark.case("G6")
def test_a_window_written_by_a_clock_that_was_ahead_does_not_last_for_years(db: None) -> None:
    at, limit = datetime(2024, 3, 1, tzinfo=UTC), {"key": 1}
    guessing.take(limit, at + timedelta(days=3650))
    guessing.take(limit, at)
    with pytest.raises(guessing.TooMany):
        guessing.take(limit, at)


@pytest.mark.case("G6")
def test_a_refusal_under_one_key_takes_no_try_under_another(db: None) -> None:
    at = datetime(2024, 3, 1, tzinfo=UTC)
    guessing.take({"b": 1}, at)
    with pytest.raises(guessing.TooMany):
        guessing.take({"a": 5, "b": 1}, at)
    assert not Tries.objects.filter(key="a").exists()


@pytest.fixture
def slow_argon(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Checks that last until they are let go, and how many ran at once."""
    state: dict[str, Any] = {"now": 0, "most": 0, "go": threading.Event()}
    lock = threading.Lock()

    def verify(self: Argon2PasswordHasher, password: str, encoded: str) -> bool:
        with lock:
            state["now"] += 1
            state["most"] = max(state["most"], state["now"])
        state["go"].wait(60)
        with lock:
            state["now"] -= 1
        return False

    monkeypatch.setattr(Argon2PasswordHasher, "verify", verify)
    yield state
    state["go"].set()


@pytest.mark.case("G5")
def test_a_crowd_at_the_door_takes_two_checks_at_once_and_the_rest_is_told(
    slow_argon: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "WAIT_S", 0.2)
    results: list[str] = []

    def check() -> None:
        try:
            hashing.FewAtOnce().verify("a", "b")
            results.append("checked")
        except hashing.TooBusy:
            results.append("told")
            if len(results) == 60 - hashing.AT_ONCE:
                slow_argon["go"].set()

    threads = [threading.Thread(target=check) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert slow_argon["most"] == hashing.AT_ONCE
    assert sorted(results) == ["checked"] * hashing.AT_ONCE + ["told"] * (60 - hashing.AT_ONCE)


@pytest.mark.case("G5")
def test_whoever_comes_to_a_full_door_is_told_in_words_and_loses_no_try(
    argon: None, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "_queue", threading.BoundedSemaphore(1))
    with hashing._turn():
        answer = log_in(Client(), "officer", RIGHT)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "此刻登录的人太多" in answer.content.decode()
    assert Tries.objects.get(key="name officer").count == 0


@pytest.mark.case("G6")
def test_a_full_door_costs_no_try_of_the_own_password_either(
    argon: None, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Client()
    desk.force_login(officer)
    monkeypatch.setattr(hashing, "_queue", threading.BoundedSemaphore(1))
    form = {"old_password": RIGHT, "new_password1": "另一个密码-5511", "new_password2": "另一个密码-5511"}
    with hashing._turn():
        assert desk.post("/password/", form).status_code == 503
    assert Tries.objects.get(key=f"own password {officer.pk}").count == 0


@pytest.mark.case("G10")
def test_a_password_that_somebody_else_gave_is_changed_before_anything_else(db: None) -> None:
    person = Person.objects.create(code="p-1", name="示例甲")
    first = services.enrol("newcomer", person, "viewer", {"agency": _agency()}, enabled=True, at=clock.now())
    client = Client()
    assert log_in(client, "newcomer", first).status_code == 302
    assert client.get("/").headers["Location"] == "/password/"
    assert client.get("/api/v1/warnings").status_code == 403
    assert client.get("/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/password/"
    door = client.get("/password/").content.decode()  # no navigation that leads nowhere, no live line that is refused
    assert "初始密码只用来登录一次" in door
    assert "data-events" not in door
    assert "登录已结束" not in door
    assert 'action="/logout/"' in door
    form = {"old_password": first, "new_password1": RIGHT, "new_password2": RIGHT}
    assert (
        client.post("/password/", form | {"new_password2": "else"}).content.decode().count("初始密码只用来登录一次")
        == 1
    )
    answer = client.post("/password/", form)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/home/")
    assert client.get("/").status_code == 200
    assert "data-events" in client.get("/password/").content.decode()


@pytest.mark.case("G10")
@pytest.mark.parametrize("password", ["newcomernewcomer", "NewComer1", "123newcomer"])
def test_the_name_over_again_is_no_password(db: None, password: str) -> None:
    user = User.objects.create_user("newcomer", RIGHT)
    client = Client()
    client.force_login(user)
    answer = client.post("/password/", {"old_password": RIGHT, "new_password1": password, "new_password2": password})
    assert "密码不能只是登录名" in answer.content.decode() or "相似" in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password(RIGHT)


def _agency() -> Any:
    from anlan.apps.org.models import Agency, AgencyLevel, Region

    region = Region.objects.create(code="990000", name="示例省")
    return Agency.objects.create(code="p", name="示例省应急厅", level=AgencyLevel.PROVINCE, region=region, path="p/")


@pytest.mark.case("F26")
def test_a_moment_in_which_our_own_clock_stood_ahead_logs_nobody_out_for_good(
    officer: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(client, "officer", RIGHT)
    present = clock.now()
    assert client.get("/todo/").status_code == 200
    with monkeypatch.context() as ahead:
        ahead.setattr(clock, "now", lambda: present + timedelta(hours=8))
        assert client.get("/todo/").status_code == 302
        assert client.get("/todo/", headers={"Anlan-Unattended": "1"}).status_code == 302
        log_in(other := Client(), "officer", RIGHT)
    assert client.get("/todo/").status_code == 200
    assert other.get("/todo/").status_code == 200
    newest = Visit.objects.order_by("-pk")[0]
    assert abs(newest.last_seen_at - clock.now()) < timedelta(minutes=1), "its sign of life was of the future"


def test_a_session_that_was_idle_too_long_stays_shut_until_somebody_logs_in(officer: User, client: Client) -> None:
    log_in(client, "officer", RIGHT)
    Visit.objects.update(last_seen_at=clock.now() - timedelta(hours=5))
    for _again in range(2):
        assert client.get("/todo/").status_code == 302
        assert client.post("/password/", {}).status_code == 302
    log_in(client, "officer", RIGHT)
    assert client.get("/todo/").status_code == 200


@pytest.mark.case("D9")
def test_a_form_that_stood_open_while_somebody_else_logged_in_logs_in_whom_it_names(
    officer: User, client: Client
) -> None:
    other = User.objects.create_user("other", RIGHT)
    log_in(client, "officer", RIGHT)
    assert client.get("/login/").status_code == 302, "whoever is in already goes to their own page"
    assert log_in(client, "other", RIGHT).status_code == 302
    assert int(client.session["_auth_user_id"]) == other.pk
    log_in(client, "officer", WRONG)
    assert int(client.session["_auth_user_id"]) == other.pk, "a wrong password throws nobody out"
