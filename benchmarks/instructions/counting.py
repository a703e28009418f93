"""Run a site under valgrind, use it, and read from callgrind's dumps what each use cost."""

import re
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from benchmarks import processes, programs
from benchmarks.cluster import Cluster, postgresql
from benchmarks.instructions.client import Crowd
from benchmarks.instructions.plan import ALONE, BATCH, FEW, GROUPS, MANY, PEOPLE
from benchmarks.servers import OURS, OURS_SQLITE, ROOT, Workspace, wait_ready

HERE = Path(__file__).resolve().parent
LIBRARY = programs.BUILD / "callgrind.so"
VALGRIND = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--dump-line=no", "--quiet"]
# Nothing notes the worker's heartbeat while its clock stands.
GUNICORN = [
    "--config",
    "python:chatsite.gunicorn",
    "--timeout",
    "0",
    "benchmarks.instructions.door:application",
]
TOTAL = re.compile(r"^totals: (\d+)", re.MULTILINE)
LABEL = re.compile(r"^desc: Trigger: Client Request: (\w+)", re.MULTILINE)
# Counts of each thing, the least of which is taken, and how often it is done in one.
ROUNDS = 3
MESSAGES, CROWD_MESSAGES, BATCHES = 15, 6, 2
BATCHED = BATCHES * BATCH
START_TIMEOUT_SECONDS, ANSWER_TIMEOUT_SECONDS = 300, 120
# Seconds until those who have just come have been told of each other.
SETTLE_SECONDS = 1.0


class Door:
    """The way to the counted process (`door.py`)."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(ANSWER_TIMEOUT_SECONDS)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rw", encoding="utf-8", newline="\n")

    def ask(self, line: str) -> None:
        """Have the site do something."""
        self._lines.write(f"{line}\n")
        self._lines.flush()
        if not self._lines.readline():
            raise ConnectionError(f"the site didn't do it: {line}")

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    @contextmanager
    def counting(self, label: str) -> Iterator[None]:
        self.ask("zero")
        yield
        self.ask(f"dump {label}")


@contextmanager
def counted_site(workspace: Workspace, name: str) -> Iterator[tuple[int, Door]]:
    """Serve the site under valgrind; yield its port and its door."""
    port, path, log = processes.free_port(), workspace.folder / "door", workspace.folder / "counted.log"
    environ = {
        **workspace.site(name, port),
        "CHATSITE_BIND": f"127.0.0.1:{port}",
        "CHATSITE_WORKERS": "1",
        "INSTRUCTIONS_DOOR": str(path),
        "INSTRUCTIONS_LIBRARY": str(LIBRARY),
        # Not every kernel allows it, and figures of one machine are to hold on others.
        "IO_URING": "off",
        # The order of sets, and what dictionaries cost, is the same in each run.
        "PYTHONHASHSEED": "0",
    }
    out = f"--callgrind-out-file={workspace.folder}/callgrind.out.%p"
    command = [*VALGRIND, out, sys.executable, "-m", "benchmarks.instructions.serve", *GUNICORN]
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=output, stderr=output)
    try:
        wait_ready(process, port, log, START_TIMEOUT_SECONDS)
        door = Door(path)
        yield port, door
        door.close()
    except (ConnectionError, TimeoutError) as error:
        sys.exit(f"{error}\n{log.read_text()[-4000:]}")
    finally:
        processes.stop(process)


def use(port: int, door: Door, tokens: list[str]) -> None:
    """Do all that is counted, and before that once without counting: caches, and what Python specialises in code that
    runs often, are then as in a process that has run for a while."""
    crowd = Crowd(port, tokens, GROUPS)
    try:
        crowd.send(ALONE, 20)
        crowd.send(ALONE, 4 * BATCH, BATCH)
        crowd.send(FEW, 10)
        crowd.send(MANY, 10)
        crowd.idle(SETTLE_SECONDS)
        door.ask("start")
        # The first one after a stop is made with what the stop changed.
        crowd.send(ALONE, 2)
        count_all(crowd, door)
        door.ask("stop")
    finally:
        crowd.close()


def count_all(crowd: Crowd, door: Door) -> None:
    """Count everything so many times."""
    for _ in range(ROUNDS):
        with door.counting("message"):
            crowd.send(ALONE, MESSAGES)
        with door.counting("batch"):
            crowd.send(ALONE, BATCHED, BATCH)
        with door.counting("few"):
            crowd.send(FEW, CROWD_MESSAGES)
        with door.counting("many"):
            crowd.send(MANY, CROWD_MESSAGES)


def least(folder: Path) -> dict[str, Path]:
    """Return by label the file of the count that is least: a job that ran besides has only made it more."""
    files: dict[str, Path] = {}
    for path in folder.glob("callgrind.out.*"):
        label = LABEL.search(path.read_text())
        if label and (label[1] not in files or total(path) < total(files[label[1]])):
            files[label[1]] = path
    return files


def total(path: Path) -> int:
    found = TOTAL.search(path.read_text())
    return int(found[1]) if found else 0


def figures(found: dict[str, int]) -> dict[str, int]:
    """Return instructions by what they were for."""
    return {
        "message, one in flight": round(found["message"] / MESSAGES),
        "message, 32 in flight": round(found["batch"] / BATCHED),
        "delivery": round((found["many"] - found["few"]) / (CROWD_MESSAGES * (MANY.size - FEW.size))),
    }


def compile_library() -> None:
    programs.BUILD.mkdir(exist_ok=True)
    command = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(LIBRARY), str(HERE / "callgrind.c")]
    if subprocess.run(command).returncode:
        sys.exit("gcc could not compile callgrind.c; its header comes with valgrind.")


@contextmanager
def workspaces(name: str) -> Iterator[Workspace]:
    with tempfile.TemporaryDirectory(prefix="count-") as folder:
        if name == OURS_SQLITE:
            # Nothing asks for a cluster where all is in SQLite.
            yield Workspace(Path(folder), cast(Cluster, None))
        else:
            with postgresql() as cluster:
                yield Workspace(Path(folder), cluster)


@contextmanager
def counted(with_postgresql: bool) -> Iterator[dict[str, Path]]:
    """Count; yield the files of the counts by their labels."""
    compile_library()
    name = OURS if with_postgresql else OURS_SQLITE
    with workspaces(name) as workspace:
        tokens = [f"chat_{secrets.token_urlsafe(32)}" for _ in range(PEOPLE)]
        workspace.tokens.write_text("\n".join(tokens) + "\n")
        workspace.django(name, "benchmarks.instructions.fill", str(workspace.tokens))
        with counted_site(workspace, name) as (port, door):
            use(port, door, tokens)
        yield least(workspace.folder)
