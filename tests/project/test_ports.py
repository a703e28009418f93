"""A port that a test was given is nobody else's until it is listened at."""

import subprocess
import sys

from benchmarks import processes
from tests.support import ROOT

CLAIM = "import sys; from benchmarks.processes import reserve; print(reserve(int(sys.argv[1])))"


def claim_elsewhere(port):
    run = [sys.executable, "-c", CLAIM, str(port)]
    return subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def test_it_is_given_to_no_other_process():
    port = processes.free_port()
    assert claim_elsewhere(port) == "False"


def test_nor_twice_by_the_same_one(monkeypatch):
    first = processes.free_port()
    chances = iter([first, first, *range(20_000, 32_000)])
    monkeypatch.setattr(processes.secrets, "randbelow", lambda count: next(chances) - 10_000)
    assert processes.free_port() != first


def test_who_had_it_leaves_it():
    port = processes.free_port() - 10_000 + 32_768
    assert claim_elsewhere(port) == "True"
    assert processes.reserve(port)
