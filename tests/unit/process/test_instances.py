"""Several processes of one role: their names, and how many of them a supervisor starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from anlan.config import Config, ConfigError
from anlan.process.life import instance_of
from anlan.process.single_instance import alone, owner_name, sign_name
from anlan.roles.supervisor import Supervisor, SupervisorError

POSTGRES = "postgresql://anlan@127.0.0.1:5432/anlan"


def config(folder: Path, **more: object) -> Config:
    return Config(data_dir=folder, web_port=1, intake_port=1, **more)  # type: ignore[arg-type]


def test_a_name_is_the_same_after_a_restart_and_another_on_another_installation(tmp_path: Path) -> None:
    first = owner_name(config(tmp_path / "a"), "engine-2")
    assert owner_name(config(tmp_path / "a"), "engine-2") == first
    assert first.startswith("engine-2@")
    others = {owner_name(config(tmp_path / "a"), "engine"), owner_name(config(tmp_path / "b"), "engine-2")}
    assert first not in others
    assert len(others) == 2


def test_clocks_of_several_hosts_sign_under_names_of_their_own(tmp_path: Path) -> None:
    first = sign_name(config(tmp_path / "a"), "clock")
    assert sign_name(config(tmp_path / "a"), "clock") == first
    assert first.startswith("clock-")
    assert len({first, sign_name(config(tmp_path / "b"), "clock"), sign_name(config(tmp_path / "a"), "clock-2")}) == 3
    assert len(sign_name(config(tmp_path / "a"), f"clock-{'x' * 40}")) <= 40  # as long as the column


def test_two_processes_of_one_name_never_work_at_once(tmp_path: Path) -> None:
    with alone(config(tmp_path), "engine-2") as one, alone(config(tmp_path), "engine-2") as again:
        assert (one, again) == (True, False)
    with alone(config(tmp_path), "engine-2") as one, alone(config(tmp_path), "engine") as other:
        assert (one, other) == (True, True)


@pytest.mark.parametrize("given", [["historian"], ["engine_2"], ["engine-"], ["engine-2", "more"], ["engine-a b"]])
def test_a_name_that_does_not_fit_its_role_is_refused(given: list[str]) -> None:
    with pytest.raises(ConfigError, match="engine"):
        instance_of("engine", given)


@pytest.mark.parametrize(("given", "name"), [([], "engine"), (["engine"], "engine"), (["engine-b.1"], "engine-b.1")])
def test_a_name_begins_with_its_role(given: list[str], name: str) -> None:
    assert instance_of("engine", given) == name


def test_a_supervisor_starts_as_many_as_are_set_and_only_of_the_roles_asked_for(tmp_path: Path) -> None:
    settings = config(tmp_path, database_url=POSTGRES, engines=3, historians=2)
    supervisor = Supervisor(settings, ["engine", "historian", "intake"])
    assert supervisor.roles == ["engine", "engine-2", "engine-3", "historian", "historian-2", "intake"]
    assert Supervisor(settings, ["web"]).roles == ["web"]


@pytest.mark.parametrize("more", [{"engines": 2}, {"historians": 2}, {"engines": 0}])
def test_sqlite_takes_one_of_each_and_says_so(tmp_path: Path, more: dict[str, int]) -> None:
    with pytest.raises(SupervisorError, match=next(iter(more))):
        Supervisor(config(tmp_path, **more))
