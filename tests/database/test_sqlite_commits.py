"""Commits run in the loop while they are quick, and in a thread once they aren't; with a clock of the test's."""

import pytest

from chatsite.database.sqlite import commits as module
from chatsite.database.sqlite.commits import REST_FACTOR, SLOW_SECONDS, Commits


@pytest.fixture
def disk(monkeypatch):
    """A disk whose commits take `disk.seconds`; `disk.ran` are the places where they ran."""

    class Disk:
        now, seconds, threads = 100.0, 0.0003, False

        def __init__(self):
            self.ran, self.commits = [], Commits()

        def commit(self):
            self.commits.run(self.take)

        def take(self):
            self.ran.append("thread" if self.threads else "loop")
            self.now += self.seconds

        def in_thread(self, function):
            self.threads = True
            function()
            self.threads = False

    disk = Disk()
    monkeypatch.setattr(module, "monotonic", lambda: disk.now)
    monkeypatch.setattr(module, "in_thread", disk.in_thread)
    return disk


def test_a_quick_disk_is_waited_for(disk):
    for _ in range(100):
        disk.commit()
    assert disk.ran == ["loop"] * 100


def test_one_slow_commit_of_a_quick_disk_is_enough_to_go_into_a_thread(disk):
    disk.commit()
    disk.seconds = 8.5 * SLOW_SECONDS
    disk.commit()
    disk.commit()
    assert disk.ran == ["loop", "loop", "thread"]


def test_a_slow_disk_takes_a_hundredth_of_the_loops_time_and_is_found_quick_again(disk):
    disk.seconds = 0.01
    began = disk.now
    for _ in range(2000):
        disk.commit()
    assert disk.ran.count("loop") * disk.seconds <= (disk.now - began) / REST_FACTOR + 2 * disk.seconds
    assert disk.ran.count("loop") > 2
    disk.seconds = 0.0003
    disk.now += 0.01 * REST_FACTOR
    disk.commit()
    disk.commit()
    assert disk.ran[-2:] == ["loop", "loop"]


def test_a_commit_that_fails_fails_here(disk):
    def fail():
        disk.now += 1
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        disk.commits.run(fail)
    disk.commit()
    assert disk.ran == ["thread"]
