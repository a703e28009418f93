"""`python -m benchmarks.push`: from a message's commit to the push service, for many devices of one room.

The push service is the tests' own, on this machine: it checks who sends, and decrypts. Measured is the time from the answer
to the sender, which is the commit, to the arrival of each push.
"""

import argparse
import json
import sys
import tempfile
import time
import uuid
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

# Tests are not typed.
harness: Any = import_module("tests.support.servers.harness")
push_service: Any = import_module("tests.support.push_service")
sites: Any = import_module("tests.support.sites")

TIMEOUT_SECONDS = 60.0
# Makes a room with people of one device each; the endpoints and keys come by standard input.
SCRIPT = """
import json, sys, django
django.setup()
from django.conf import settings
settings.PUSH_TEST_NETWORKS = ["127.0.0.0/8"]
from accounts import services as accounts
from accounts.models import User
from push.devices import services as devices
from push.devices.services import Credential
from rooms import services as rooms
from rooms.membership import membership
owner = User.objects.create_user("owner", password="correct horse battery")
room = rooms.create_room(owner, "Room")
for n, fields in enumerate(json.load(open(sys.argv[1]))):
    person = User.objects.create_user(f"person{n}", password=None)
    membership.grant(room, person)
    token, _ = accounts.make_token(person, "phone")
    devices.add(person, Credential(token=token), name="A phone", **fields)
print(json.dumps({"token": accounts.make_token(owner, "bench")[1], "room": room.slug}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.push", description=__doc__)
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--messages", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with push_service.running(folder) as service:
            environ = {"PUSH_CERTIFICATE": service.certificate, "EVENTS_PER_SECOND": "0"}
            with harness.serve(folder / "site", sites.PUSH, **environ) as server:
                delays = measure(server, service, folder, arguments.devices, arguments.messages)
    print(json.dumps(figures(delays)))


def measure(server: Any, service: Any, folder: Path, count: int, messages: int) -> list[float]:
    """Return the seconds of each push of each message but the first, with which connections are made."""
    devices = [service.device() for _ in range(count)]
    (folder / "devices.json").write_text(json.dumps([device.fields for device in devices]))
    made = server.script(SCRIPT, str(folder / "devices.json"))
    delays: list[float] = []
    for number in range(1, messages + 2):
        send(server, made)
        committed = time.monotonic()
        wait_for(devices, number)
        if number > 1:
            delays += [device.pushes[-1].at - committed for device in devices]
    faults = [fault for device in devices for fault in device.faults]
    if faults:
        sys.exit(f"the push service refused: {faults[:3]}")
    return delays


def send(server: Any, made: dict[str, str]) -> None:
    body = {"room": made["room"], "body": "hello", "client_id": str(uuid.uuid4())}
    headers = {"Authorization": f"Bearer {made['token']}", "Content-Type": "application/json"}
    with urlopen(Request(f"{server.url}/message", json.dumps(body).encode(), headers)) as answer:
        answer.read()


def wait_for(devices: list[Any], count: int) -> None:
    """Wait until each device has so many pushes."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while any(len(device.pushes) < count for device in devices):
        if time.monotonic() > end:
            sys.exit(f"after {TIMEOUT_SECONDS:.0f} s: {sum(len(device.pushes) for device in devices)} pushes")
        time.sleep(0.005)


def figures(delays: list[float]) -> dict[str, float]:
    """Return the median, the 99th percentile and the longest, in milliseconds."""
    delays = sorted(delays)
    at = {"p50_ms": len(delays) // 2, "p99_ms": int(len(delays) * 0.99), "max_ms": len(delays) - 1}
    return {"pushes": len(delays), **{name: round(delays[place] * 1000) for name, place in at.items()}}


if __name__ == "__main__":
    main()
