"""Entry of a child process: `python -I child.py ROOT MODULE LIMITS`, its standard input being the channel.

It limits itself before it imports anything of the work, and handles one job at a time by `handle(job, descriptors)` of the
module. It leaves when the channel closes, thus also when its parent is killed, and after IDLE_SECONDS without a job.
"""

import ctypes
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
from contextlib import suppress
from types import ModuleType
from typing import Any

# Seconds without a job after which a child ends. `supervisor.py` gives it no job shortly before.
IDLE_SECONDS = 60
# Added to the parent's own: the child gives way to the server, which people wait for.
NICENESS = 9
# Constants of Linux' <sys/prctl.h>.
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38


def main() -> None:
    root, module, limits = sys.argv[1:]
    sys.path.insert(0, root)
    # Imported by path: `-I` keeps the folder of the program out of the path.
    from chatsite.subprocesses import channel

    link = socket.socket(fileno=os.dup(0))
    # The parent may be under eventlet, which makes both ends non-blocking.
    link.setblocking(True)
    try:
        restrict(json.loads(limits))
        work = importlib.import_module(module)
    except Exception as error:
        channel.send(link, {"failed": f"{type(error).__name__}: {error}"[:500]})
        return
    channel.send(link, {"ready": True})
    serve(link, work, json.loads(limits)["cpu_seconds"])


def restrict(limits: dict[str, int | None]) -> None:
    """Limit memory, files and priority for good, and end with the thread that started this process."""
    for name in ("address_space", "file_size", "open_files", "processes"):
        limit = limits[name]
        if limit is not None:
            resource.setrlimit(getattr(resource, RESOURCES[name]), (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):
        os.nice(NICENESS)
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


RESOURCES = {
    "address_space": "RLIMIT_AS",
    "file_size": "RLIMIT_FSIZE",
    "open_files": "RLIMIT_NOFILE",
    "processes": "RLIMIT_NPROC",
}


def serve(link: socket.socket, work: ModuleType, cpu_seconds: int | None) -> None:
    """Handle jobs until the channel closes or none comes for IDLE_SECONDS, and `work.busy()`, if there is that, is false. An
    exception of a job is answered by its type, and ends the process: nobody knows what state it left behind."""
    from chatsite.subprocesses import channel

    ready = select.poll()
    ready.register(link, select.POLLIN)
    is_busy = getattr(work, "busy", bool)
    while ready.poll(IDLE_SECONDS * 1000) or is_busy():
        if not ready.poll(0):
            continue
        job, descriptors = channel.receive_with_files(link)
        if job is None:
            return
        if cpu_seconds is not None:
            limit_processor(cpu_seconds)
        answer = answered(work, job, descriptors)
        channel.send(link, answer)
        if "failed" in answer:
            return


def limit_processor(seconds: int) -> None:
    """Let the kernel end this process after so many more seconds of a processor."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, hard))


def answered(work: ModuleType, job: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
    """Return `{"done": …}`, or `{"failed": …}` with the name of an exception that the work raised."""
    try:
        return {"done": work.handle(job, descriptors)}
    except Exception as error:
        return {"failed": type(error).__name__}
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


if __name__ == "__main__":
    main()
