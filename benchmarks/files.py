"""Measure uploads and downloads: MB/s beside nginx with the same file, and what others' acks take meanwhile."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from benchmarks import processes
from benchmarks.groups import FIVE, TABLES
from benchmarks.loader import faults, load
from benchmarks.servers import OURS_SQLITE, Server, Workspace, running

if TYPE_CHECKING:
    from benchmarks.scenarios import Plan

MB = 1024 * 1024
# Seconds of a talk beside transfers: 50 messages/s have six hundred acks, of which six are above the p99.
BESIDE_SECONDS = 12.0
# Photos of 12 megapixels that people send, two at a time each.
PHOTOS, PHOTO_SIZE, PEOPLE, AT_ONCE = 50, (4000, 3000), 5, 2
UNLIMITED = {"FILE_MAX_MB": "4000", "FILES_PER_USER_MB": "0", "FILES_PER_HOUR": "0", "FILES_FREE_MB": "0"}
NGINX = """
{user}
daemon off; pid {folder}/nginx.pid; error_log stderr crit; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off; sendfile on; client_max_body_size 0;
  client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-proxy; fastcgi_temp_path {folder}/nginx-fcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi; scgi_temp_path {folder}/nginx-scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}/nginx; dav_methods PUT; create_full_put_path on; }}
}}
"""


def measure(workspace: Workspace, plan: "Plan") -> dict[str, Any]:
    """Measure on SQLite: at the pace that the site has by default, and without one."""
    megabytes = plan.file_megabytes
    big = workspace.folder / "nginx" / "big.bin"
    make_file(big, megabytes)
    photos = [make_photo(workspace.folder / f"photo{n}.jpg", n) for n in range(AT_ONCE)]
    numbers = of_nginx(workspace, big, megabytes)
    workspace = replace(workspace, settings=workspace.settings | UNLIMITED)
    unpaced = replace(workspace, settings=workspace.settings | {"FILES_MB_PER_SECOND": "0"})
    with running(unpaced, OURS_SQLITE) as server:
        speeds, _ = both_ways(Person(server, 0), big, megabytes)
        numbers |= {f"unpaced_{name}": value for name, value in speeds.items()}
    with running(workspace, OURS_SQLITE) as server:
        speeds, address = both_ways(Person(server, 0), big, megabytes)
        numbers |= speeds
        numbers |= beside(server, plan, "transfers", lambda seconds: transfer(server, big, address, seconds))
        numbers |= beside(server, plan, "photos", lambda seconds: send_photos(server, photos, seconds))
    for name in ("upload", "download"):
        numbers[f"{name}_ratio"] = numbers[f"unpaced_{name}"] / numbers[f"nginx_{name}"]
    return numbers


def make_file(path: Path, megabytes: int) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(os.urandom(MB))


def make_photo(path: Path, number: int) -> Path:
    """Make a JPEG of 12 megapixels and some MB."""
    Image.effect_noise(PHOTO_SIZE, 30 + number).convert("RGB").save(path, quality=85)
    return path


class Person:
    """Somebody who sends files by curl, which costs the machine as little as a client can."""

    def __init__(self, server: Server, number: int) -> None:
        first = TABLES.first + number * TABLES.size
        self.token = (server.folder / "tokens").read_text().split()[first]
        self.room = f"{TABLES.prefix}{number}"
        self.url = f"http://127.0.0.1:{server.port}"

    def curl(self, *arguments: str, url: str, seconds: float = 600) -> str:
        """Return what curl prints; "" if it isn't done in time."""
        head = f"Authorization: Bearer {self.token}"
        most = f"{max(seconds, 0.1):.1f}"
        command = ["curl", "-s", "-S", "--max-time", most, "-H", head, *arguments, url]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def upload(self, path: Path, seconds: float = 600) -> str:
        """Send a file, and return its address; "" if it isn't done in time."""
        fields = ("-F", f"room={self.room}", "-F", f"file=@{path}")
        said = self.curl(*fields, url=f"{self.url}/file", seconds=seconds)
        if not said:
            return ""
        answer = json.loads(said)
        if "url" not in answer:
            raise RuntimeError(f"POST /file: {said}")
        return str(answer["url"])

    def section(self, path: Path) -> str:
        """Return an upload as a section of curl's configuration; it prints the answer's status."""
        options = {
            "url": f"{self.url}/file",
            "header": f"Authorization: Bearer {self.token}",
            "output": os.devnull,
            "write-out": "%{stderr}%{http_code}\\n",
        }
        lines = ["silent", *(f'{name} = "{value}"' for name, value in options.items())]
        return "\n".join([*lines, f'form = "room={self.room}"', f'form = "file=@{path}"'])

    def download(self, address: str, seconds: float = 600) -> None:
        self.curl("-o", "/dev/null", url=self.url + address, seconds=seconds)


def speed(megabytes: int, act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return megabytes / (time.monotonic() - began)


def both_ways(person: Person, big: Path, megabytes: int) -> tuple[dict[str, float], str]:
    """Return MB/s of sending a file and of getting it back, and its address."""
    addresses: list[str] = []
    up = speed(megabytes, lambda: addresses.append(person.upload(big)))
    down = speed(megabytes, lambda: person.download(addresses[0]))
    return {"upload": up, "download": down}, addresses[0]


def of_nginx(workspace: Workspace, big: Path, megabytes: int) -> dict[str, float]:
    with nginx(workspace.folder) as url:
        put = ["curl", "-s", "-S", "-f", "-T", str(big), f"{url}/sent.bin"]
        get = ["curl", "-s", "-S", "-f", "-o", "/dev/null", f"{url}/{big.name}"]
        return {
            "nginx_upload": speed(megabytes, lambda: subprocess.run(put, check=True)),
            "nginx_download": speed(megabytes, lambda: subprocess.run(get, check=True)),
        }


@contextmanager
def nginx(folder: Path) -> Iterator[str]:
    port = processes.free_port()
    # Its worker would be nobody, who may not read the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port, user=user))
    process = subprocess.Popen(["nginx", "-c", str(configuration)])
    try:
        time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        processes.stop(process)
        (folder / "nginx" / "sent.bin").unlink(missing_ok=True)


def beside(
    server: Server, plan: "Plan", name: str, act: Callable[[float], dict[str, float]]
) -> dict[str, Any]:
    """Measure 50 messages/s in a room while others do `act`, and without them."""
    seconds = max(plan.seconds, BESIDE_SECONDS)
    with ThreadPoolExecutor(1) as pool:
        acts = []
        options = {**FIVE.options, "seconds": seconds, "warmup": plan.warmup}
        done = load(server, options, "r50", "r50", at_begin=lambda: acts.append(pool.submit(act, seconds)))
        found = acts[0].result()
    during, alone = done.talks
    return {f"{name}_{key}": value for key, value in found.items()} | {
        f"{name}_ack_p50_ms": during.result["ack_ms"]["p50"],
        f"{name}_ack_p99_ms": during.result["ack_ms"]["p99"],
        f"{name}_ack_p50_ms_alone": alone.result["ack_ms"]["p50"],
        f"{name}_ack_p99_ms_alone": alone.result["ack_ms"]["p99"],
        f"{name}_cpu": during.cpu / seconds,
        "faults": faults(during) | faults(alone),
    }


def transfer(server: Server, big: Path, address: str, seconds: float) -> dict[str, float]:
    """Upload and download a file all the time, by two people."""
    end = time.monotonic() + seconds
    one, other = Person(server, 1), Person(server, 0)

    def upload() -> None:
        while time.monotonic() < end:
            one.upload(big, end - time.monotonic())

    def download() -> None:
        while time.monotonic() < end:
            other.download(address, end - time.monotonic())

    with ThreadPoolExecutor(2) as pool:
        for work in [pool.submit(upload), pool.submit(download)]:
            work.result()
    return {}


def send_photos(server: Server, photos: list[Path], seconds: float) -> dict[str, float]:
    """Send photos by several people at once, fifty or as many as the time allows.

    One curl sends all of them: twenty starts of a program in a second, with nothing sent, triple the p99 of others' acks."""
    people = [Person(server, number) for number in range(PEOPLE)]
    sections = [people[n % PEOPLE].section(photos[n // PEOPLE % len(photos)]) for n in range(PHOTOS)]
    configuration = server.folder / "photos.curl"
    configuration.write_text("\nnext\n".join(sections))
    command = ["curl", "-Z", "--parallel-immediate", "--parallel-max", str(PEOPLE * AT_ONCE)]
    began = time.monotonic()
    with subprocess.Popen([*command, "-K", str(configuration)], stderr=subprocess.PIPE, text=True) as curl:
        try:
            _, said = curl.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            curl.terminate()
            _, said = curl.communicate()
    # Among the lines of its progress.
    answers = [line for line in said.splitlines() if len(line) == 3 and line.isdigit()]
    if set(answers) - {"201"}:
        raise RuntimeError(f"POST /file: {answers}")
    return {"per_second": len(answers) / (time.monotonic() - began)}
