"""Work of a child for tests: runs in the child process."""

import os
import resource
import signal
import socket
import time

from chatsite.subprocesses import channel


def handle(job, descriptors):
    return globals()[job["do"]](job, descriptors)


def echo(job, descriptors):
    return {"pid": os.getpid(), "said": job.get("say")}


def read(job, descriptors):
    return {"read": [os.pread(descriptor, 100, 0).decode() for descriptor in descriptors]}


def place(job, descriptors):
    """What the child has of its parent."""
    names = ("AS", "FSIZE", "NOFILE", "NPROC", "CORE")
    return {
        "environ": dict(os.environ),
        "open": sorted(map(int, os.listdir("/proc/self/fd"))),
        "limits": {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[0] for name in names},
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
        "privileges": open("/proc/self/status").read().split("NoNewPrivs:\t")[1][0],
        "django": any(name.split(".")[0] in ("django", "eventlet") for name in __import__("sys").modules),
    }


def sleep(job, descriptors):
    time.sleep(60)


def drip(job, descriptors):
    """Send a byte of a frame now and then: each wait is short, all together are not."""
    link = socket.socket(fileno=os.dup(0))
    for byte in b"\x00\x00\x10\x00" + bytes(1000):
        link.send(bytes((byte,)))
        time.sleep(0.05)


def hoard(job, descriptors):
    return {"got": len(bytearray(2_000_000_000))}


def fill(job, descriptors):
    os.pwrite(descriptors[0], b"x", 200_000_000)


def crash(job, descriptors):
    os.kill(os.getpid(), signal.SIGSEGV)


def spin(job, descriptors):
    while True:
        pass


def garble(job, descriptors):
    socket.socket(fileno=os.dup(0)).send(bytes.fromhex(job["bytes"]))
    time.sleep(60)


def answer_twice(job, descriptors):
    channel.send(socket.socket(fileno=os.dup(0)), {"done": {"said": "forged"}})
    return {"said": "real"}


def nothing(job, descriptors):
    return None
