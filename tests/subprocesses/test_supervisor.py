"""A child works within its limits, is killed when late, and is replaced; nothing of one job reaches the next."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from chatsite.contract.errors import Unavailable
from chatsite.observability.metrics import counters
from chatsite.subprocesses import supervisor
from chatsite.subprocesses.gauges import of_children
from chatsite.subprocesses.supervisor import Child, ChildFailed, Kind, Limits
from tests.support import ROOT
from tests.support.servers.harness import apart

KIND = Kind("test", "tests.subprocesses.work", deadline=60.0, patience=60.0)


@pytest.fixture(scope="module")
def shared():
    child = Child(KIND)
    yield child
    child.end()


@pytest.fixture
def made():
    """`made(**changes)` is a child of a kind with these changes."""
    children: list[Child] = []

    def made(**changes) -> Child:
        children.append(Child(replace(KIND, **changes)))
        return children[-1]

    yield made
    for child in children:
        child.end()


def outcomes(outcome: str) -> int:
    return counters.child_jobs["test", outcome]


def test_a_child_starts_when_it_is_needed_and_stays(shared):
    assert shared.pid is None
    first = shared.ask({"do": "echo", "say": "grüße"})
    assert first == {"pid": shared.pid, "said": "grüße"}
    assert shared.ask({"do": "echo"})["pid"] == first["pid"]
    assert outcomes("done") >= 2
    (family,) = of_children([shared])
    assert [(sample.labels, sample.value) for sample in family.samples] == [({"kind": "test"}, 1)]


def test_it_has_the_files_of_the_job_and_nothing_else(made, tmp_path, monkeypatch):
    monkeypatch.setenv("A_SECRET", "of the site")
    child = made()
    paths = [tmp_path / name for name in "ab"]
    for path in paths:
        path.write_text(path.name)
    files = [path.open() for path in paths]
    assert child.ask({"do": "read"}, [file.fileno() for file in files]) == {"read": ["a", "b"]}
    place = child.ask({"do": "place"})
    assert "of the site" not in json.dumps(place)
    # Standard input is the channel, twice; and the folder that is being listed.
    assert len(place["open"]) == 5
    limits = Limits()
    assert place["limits"] == {
        "AS": limits.address_space,
        "FSIZE": limits.file_size,
        "NOFILE": limits.open_files,
        "NPROC": 0,
        "CORE": 0,
    }
    assert place["nice"] >= 9
    assert place["privileges"] == "1"
    assert not place["django"]
    for file in files:
        file.close()


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ({"do": "crash"}, "died"),
        ({"do": "hoard"}, "MemoryError"),
        ({"do": "missing"}, "KeyError"),
        ({"do": "nothing"}, "garbled"),
        ({"do": "garble", "bytes": "ffffffff"}, "garbled"),
        ({"do": "garble", "bytes": "000000022122"}, "garbled"),
        ({"do": "garble", "bytes": "000000025b5d"}, "garbled"),
        ({"do": "garble", "bytes": "00000004ffffffff"}, "garbled"),
    ],
)
def test_a_job_that_fails_ends_its_child_and_the_next_has_another(shared, job, reason):
    before = shared.ask({"do": "echo"})["pid"]
    with pytest.raises(ChildFailed) as failed:
        shared.ask(job)
    assert failed.value.reason == reason
    assert shared.pid is None
    assert shared.ask({"do": "echo"})["pid"] != before


def test_a_file_has_a_limit(shared, tmp_path):
    with (tmp_path / "big").open("w+b") as file, pytest.raises(ChildFailed, match="OSError"):
        shared.ask({"do": "fill"}, [file.fileno()])


@pytest.mark.parametrize("job", ["sleep", "drip"])
def test_a_late_child_is_killed(made, job):
    child = made(deadline=0.3)
    pid = child.ask({"do": "echo"})["pid"]
    with pytest.raises(ChildFailed, match="late"):
        child.ask({"do": job})
    assert not os.path.exists(f"/proc/{pid}")
    assert child.ask({"do": "echo"})["pid"] != pid


def test_the_processors_time_of_a_job_has_a_limit(made):
    child = made(limits=replace(Limits(), cpu_seconds=1))
    with pytest.raises(ChildFailed, match="died"):
        child.ask({"do": "spin"})


def test_an_answer_to_no_job_ends_its_child(made):
    """It would be taken for that to the next person's job."""
    child = made()
    assert child.ask({"do": "answer_twice"}) == {"said": "forged"}
    while supervisor.is_quiet(child._channel):
        time.sleep(0.01)
    assert child.ask({"do": "echo", "say": "mine"})["said"] == "mine"


def test_one_whose_work_goes_on_is_kept(made, monkeypatch):
    monkeypatch.setattr(supervisor, "REUSE_SECONDS", 0)
    for most, processes in ((None, 1), (100, 3)):
        child = made(max_jobs=most)
        assert len({child.ask({"do": "echo"})["pid"] for _ in range(3)}) == processes


def test_a_child_has_so_many_jobs(made):
    child = made(max_jobs=2)
    assert len({child.ask({"do": "echo"})["pid"] for _ in range(4)}) == 2


def test_an_old_child_gets_no_job(made, monkeypatch):
    child = made()
    first = child.ask({"do": "echo"})["pid"]
    monkeypatch.setattr(supervisor, "REUSE_SECONDS", 0)
    assert child.ask({"do": "echo"})["pid"] != first


def test_one_that_was_killed_is_replaced(shared):
    pid = shared.ask({"do": "echo"})["pid"]
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.05)
    assert shared.pid is None
    assert shared.ask({"do": "echo"})["pid"] != pid


def test_one_that_cant_start_is_tried_less_and_less(made, monkeypatch, caplog):
    now = [1000.0]
    child = made(module="tests.subprocesses.missing")
    monkeypatch.setattr(supervisor, "monotonic", lambda: now[0])
    for pause in (1.0, 2.0, 4.0):
        starts = counters.child_starts["test",]
        for _ in range(3):
            with pytest.raises(Unavailable) as refused:
                child.ask({"do": "echo"})
            assert refused.value.retry_after == pause
        assert counters.child_starts["test",] == starts + 1
        now[0] += pause
    assert "No module named" in caplog.text


def test_limits_that_are_too_tight_are_told(made, caplog):
    with pytest.raises(Unavailable):
        made(limits=replace(Limits(), open_files=3)).ask({"do": "echo"})
    assert "doesn't start (test)" in caplog.text


PARENT = """
from chatsite.subprocesses.supervisor import Child, Kind
idle, busy = (Child(Kind("test", "tests.subprocesses.work")) for _ in range(2))
print(*(child.ask({"do": "echo"})["pid"] for child in (idle, busy)), flush=True)
busy.ask({"do": "spin"})
"""


def test_children_end_with_their_parent():
    """The idle one sees the channel close, and the kernel ends the busy one."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    pids = parent.stdout.readline().split()
    parent.kill()
    parent.communicate()
    end = time.monotonic() + 10
    while (left := [pid for pid in pids if os.path.exists(f"/proc/{pid}")]) and time.monotonic() < end:
        time.sleep(0.01)
    assert len(pids) == 2
    assert not left


GREEN = """
import eventlet; eventlet.monkey_patch()
import json, time
from chatsite.subprocesses.supervisor import Child, ChildFailed, Kind
from chatsite.contract.errors import Unavailable
child = Child(Kind("test", "tests.subprocesses.work", deadline=0.5, patience=5))
ticks, running = 0, True
def tick():
    global ticks
    while running:
        ticks += 1
        eventlet.sleep(0.005)
def late():
    try:
        child.ask({"do": "sleep"})
    except ChildFailed as error:
        return error.reason
def killed():
    with eventlet.Timeout(0.1, False):
        child.ask({"do": "sleep"})
eventlet.spawn(tick)
greens = [eventlet.spawn(ask) for ask in (late, killed)] + [
    eventlet.spawn(child.ask, {"do": "echo", "say": number}) for number in range(5)]
answers = [green.wait() for green in greens]
running = False
child.kind = Kind("test", "tests.subprocesses.work", deadline=0.5, patience=0.1)
first = eventlet.spawn(late)
eventlet.sleep(0)
try:
    child.ask({"do": "echo"})
except Unavailable as error:
    answers.append(error.code)
first.wait()
print(json.dumps([ticks, answers[0], [answer["said"] for answer in answers[2:7]], answers[7]]))
"""


def test_under_eventlet_others_go_on_and_take_turns():
    """Answers stay with their jobs, also where a job is given up half-way."""
    ticks, reason, said, refused = json.loads(apart(GREEN).splitlines()[-1])
    assert ticks > 20
    assert reason == "late"
    assert said == [0, 1, 2, 3, 4]
    assert refused == "unavailable"
