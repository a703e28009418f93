"""The samples in deploy/ with a test's ports and certificate in them, and the proxies that run them."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import ROOT
from tests.support.servers.harness import free_port

# Seconds for a proxy to start.
READY = 60
# Debian keeps servers out of a user's PATH.
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"


@dataclass
class Certificate:
    """`both` has the key, too."""

    certificate: Path
    key: Path
    both: Path


@dataclass
class Proxy:
    """`url` is of https, `plain` of http. `servers` is the lines of its upstream: "one" or, in its own way, "several"."""

    folder: Path
    https: int
    http: int
    certificate: Certificate
    backends: list[int]
    several: bool
    uploads: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.https}"

    @property
    def plain(self) -> str:
        return f"http://localhost:{self.http}"

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path


def program(name: str) -> str | None:
    return shutil.which(name, path=PATH)


def certificate(folder: Path) -> Certificate:
    made = Certificate(folder / "site.pem", folder / "site.key", folder / "both.pem")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "30"]
    files = ["-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)
    made.both.write_text(made.certificate.read_text() + made.key.read_text())
    return made


def replaced(name: str, **parts: str) -> str:
    """A sample with `parts` in the place of what it says; each is in it."""
    text = (ROOT / "deploy" / name).read_text()
    for old, new in parts.items():
        assert old in text, f"{name} has no {old!r}"
        text = text.replace(old, new)
    return text


def nginx(proxy: Proxy) -> list[str]:
    servers = "\n".join(f"    server 127.0.0.1:{port};" for port in proxy.backends)
    parts = {
        "    server 127.0.0.1:8000;": servers,
        "listen 80;": f"listen 127.0.0.1:{proxy.http};",
        "listen 443 ssl": f"listen 127.0.0.1:{proxy.https} ssl",
        "/etc/ssl/chat.example.org.pem": str(proxy.certificate.certificate),
        "/etc/ssl/chat.example.org.key": str(proxy.certificate.key),
        "chat.example.org;": "localhost;",
        "/srv/chatsite/data/uploads/": f"{proxy.uploads}/",
    }
    if proxy.several:
        parts["# hash $remote_addr"] = "hash $remote_addr"
    site = proxy.write("site.conf", replaced("nginx.conf", **parts))
    main = f"""
        {"user root;" if os.geteuid() == 0 else ""}
        daemon off;
        error_log stderr;
        pid {proxy.folder}/pid;
        events {{ worker_connections 512; }}
        http {{ access_log off; client_body_temp_path {proxy.folder}/body; proxy_temp_path {proxy.folder}/proxy;
                fastcgi_temp_path {proxy.folder}/f; uwsgi_temp_path {proxy.folder}/u; scgi_temp_path {proxy.folder}/s;
                include {site}; }}
    """
    return [program("nginx") or "", "-e", "stderr", "-c", str(proxy.write("nginx.conf", main))]


def haproxy(proxy: Proxy) -> list[str]:
    parts = {
        "maxconn 20000": "maxconn 200",
        "bind :80": f"bind 127.0.0.1:{proxy.http}",
        "bind :443": f"bind 127.0.0.1:{proxy.https}",
        "/etc/ssl/chat.example.org.pem": str(proxy.certificate.both),
        "server one 127.0.0.1:8000": f"server one 127.0.0.1:{proxy.backends[0]}",
    }
    if proxy.several:
        parts["# server two 10.0.0.2:8000"] = f"server two 127.0.0.1:{proxy.backends[1]}"
    config = proxy.write("haproxy.cfg", replaced("haproxy.cfg", **parts))
    return [program("haproxy") or "", "-db", "-f", str(config)]


def caddy(proxy: Proxy) -> list[str]:
    upstreams = " ".join(f"127.0.0.1:{port}" for port in proxy.backends)
    tls = f"\ttls {proxy.certificate.certificate} {proxy.certificate.key}\n\tbind 127.0.0.1\n"
    parts = {
        "chat.example.org {\n": f"https://localhost:{proxy.https} {{\n{tls}",
        "reverse_proxy 127.0.0.1:8000": f"reverse_proxy {upstreams}",
    }
    site = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + replaced("Caddyfile", **parts)
    return [
        program("caddy") or "",
        "run",
        "--adapter",
        "caddyfile",
        "--config",
        str(proxy.write("Caddyfile", site)),
    ]


COMMANDS: dict[str, Callable[[Proxy], list[str]]] = {"nginx": nginx, "haproxy": haproxy, "caddy": caddy}


@contextmanager
def running(name: str, proxy: Proxy) -> Iterator[Proxy]:
    log = proxy.folder / "log"
    environ = {**os.environ, "HOME": str(proxy.folder), "XDG_DATA_HOME": str(proxy.folder)}
    with log.open("wb") as output:
        process = subprocess.Popen(COMMANDS[name](proxy), stdout=output, stderr=output, env=environ)
    try:
        wait(proxy.https, process, log)
        yield proxy
    finally:
        process.terminate()
        process.wait(30)


def wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.02)
    raise AssertionError(log.read_text())


def before(
    backends: list[int],
    folder: Path,
    made: Certificate,
    several: bool = False,
    https: int = 0,
    uploads: Path = Path("/nowhere"),
) -> Proxy:
    """`uploads` is the folder of the site's files, which nginx may send."""
    folder.mkdir(parents=True, exist_ok=True)
    return Proxy(folder, https or free_port(), free_port(), made, backends, several, uploads)
