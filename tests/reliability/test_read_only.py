"""The disk makes itself read-only under a running installation, as ext4 does at an error; or has no inode left."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from tests.chaos.small_disk import unavailable
from tests.reliability.plant import Feed, Plant, compare, until

from anlan.roles.supervisor import Supervisor

ROLES = ["engine", "historian", "intake", "clock"]
SIZE_MIB = 700


class Disk:
    """An ext4 file system of its own in a file, mounted at ``folder``."""

    def __init__(self, place: Path, *options: str) -> None:
        if why := unavailable():
            pytest.skip(why)
        self._image, self.folder = place / "image", place / "disk"
        with self._image.open("wb") as file:
            file.truncate(SIZE_MIB * 2**20)
        self.folder.mkdir()
        try:
            _run("mkfs.ext4", "-q", *options, str(self._image))
            self.mount()
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no loop-mounted ext4 here: {error}")

    def mount(self) -> None:
        _run("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self.folder))

    def break_down(self) -> None:
        """What the kernel does when it finds the file system damaged: nothing more is written, whoever has it open."""
        device = _run("findmnt", "-n", "-o", "SOURCE", str(self.folder)).strip()
        trigger = Path("/sys/fs/ext4", Path(device).name, "trigger_fs_error")
        if not trigger.exists():
            pytest.skip("this kernel lets nobody play an error of the file system")
        trigger.write_text("1")

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False, capture_output=True)


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def disk(place: Path, *options: str) -> Iterator[Disk]:
    made = Disk(place, *options)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.slow
@pytest.mark.case("A15")
def test_what_was_acknowledged_before_the_disk_turned_read_only_is_there_on_another_disk(
    tmp_path: Path, database_url: str
) -> None:
    """Every packet is refused meanwhile, the processes live on, and a copy of the data directory goes on elsewhere."""
    with disk(tmp_path) as broken:
        with Plant(broken.folder / "data", database_url, ROLES, enterprises=2, points=2, disk_soft_mib=20) as plant:
            feed = Feed(plant)
            feed.start()
            feed.wait_for(20)
            broken.break_down()
            tried = feed.ledger.attempts
            until(lambda: feed.ledger.attempts > tried + 4, 240, lambda: "nobody is answered")
            tried, packets = feed.ledger.attempts, feed.ledger.packets
            until(lambda: feed.ledger.attempts > tried + 4, 240, lambda: "nobody is answered any more")
            assert feed.ledger.packets == packets  # nothing is acknowledged that nobody keeps
            assert not feed.failures
            assert [plant.supervisor.children[role].starts for role in ROLES] == [1] * len(ROLES)
            port = plant.supervisor.config.intake_port
        shutil.copytree(broken.folder / "data", tmp_path / "data")
        again = Plant(tmp_path / "data", database_url, ROLES, enterprises=2, points=2, fresh=False, disk_soft_mib=20)
        again.supervisor = Supervisor(replace(again.config, intake_port=port), ROLES)
        with again:
            feed.wait_for(20, 240)
            compare(again, feed.stop())


@pytest.mark.slow
@pytest.mark.case("A15")
def test_without_an_inode_nothing_is_lost_and_a_killed_role_comes_back_when_there_are_some(
    tmp_path: Path, database_url: str
) -> None:
    with (
        disk(tmp_path, "-N", "800") as full,
        Plant(full.folder / "data", database_url, ROLES, enterprises=2, points=2, disk_soft_mib=20) as plant,
    ):
        feed = Feed(plant)
        feed.start()
        feed.wait_for(20)
        taken = full.folder / "taken"
        taken.mkdir()
        for number in count():
            try:
                (taken / str(number)).touch()
            except OSError:
                break
        with pytest.raises(OSError, match="No space left"):
            (taken / "more").touch()
        for role in ("engine", "historian"):
            plant.kill(role)
        feed.wait_for(20, 240)
        for each in taken.iterdir():
            each.unlink()
        feed.wait_for(20, 240)
        compare(plant, feed.stop())
