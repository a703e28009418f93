"""The doctor finds what is wrong, and says what to do. Each fault is made for real where that can be done."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager

import pytest
import requests
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.signing import TimestampSigner

from chatsite.observability import echo
from chatsite.operations.doctor import (
    clock,
    dependencies,
    findings,
    machine,
    registry,
    running,
    site,
    uploads,
)
from chatsite.realtime.cluster.models import Process
from tests.support import ROOT
from tests.support.servers.harness import free_port, serve
from tests.support.servers.postgres import find, postgres
from tests.support.servers.redis import PROGRAM, redis

pytestmark = pytest.mark.realtime
CONFIGURED = {"GUNICORN_CMD_ARGS": "--config=python:chatsite.gunicorn"}
TOKEN = """
from accounts.models import User
from accounts.services import make_token
print(make_token(User.objects.create_user("botty"), "doctor")[1])
"""


def levels(check) -> dict[str, str]:
    """Topic → the worst level found, and no finding without advice but a good one."""
    worst: dict[str, str] = {}
    for finding in check():
        assert bool(finding.advice) == (finding.level != "ok")
        assert "\n" not in finding.sentence + finding.advice
        if worst.get(finding.topic) != "wrong":
            worst[finding.topic] = finding.level
    return worst


def told(output: str) -> dict[str, str]:
    """The same of what was printed."""
    worst: dict[str, str] = {}
    for level, topic in re.findall(r"^(ok|note|wrong) +(open files|\w+)", output, re.M):
        if worst.get(topic) != "wrong":
            worst[topic] = level
    return worst


def doctor(environ, *arguments, **settings) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "doctor", *arguments],
        cwd=ROOT,
        env={**environ, **settings},
        capture_output=True,
        text=True,
        timeout=250,
    )


class TestSettings:
    def test_good_ones(self):
        assert levels(site.secrets) == {"key": "ok"}
        assert levels(site.address) == {"address": "ok"}

    def test_debug_and_a_poor_key(self, settings):
        settings.DEBUG, settings.SECRET_KEY = True, "0123456789" * 6
        assert levels(site.secrets) == {"debug": "wrong", "key": "wrong"}

    @pytest.mark.parametrize(
        ("url", "trusted", "host", "level"),
        [
            ("https://chat.example.org", True, "127.0.0.1", "ok"),
            ("https://chat.example.org", False, "127.0.0.1", "wrong"),
            ("https://chat.example.org", True, "0.0.0.0", "note"),
            ("http://192.168.1.4:8000", False, "0.0.0.0", "note"),
            ("http://localhost:8000", False, "127.0.0.1", "ok"),
        ],
    )
    def test_the_address(self, settings, url, trusted, host, level):
        settings.SITE_URL, settings.SECURE = url, url.startswith("https")
        settings.TRUST_PROXY, settings.HOST = trusted, host
        assert [finding.level for finding in site.address()][-1] == level

    def test_djangos_checks_for_a_site_with_https(self, settings):
        settings.SECURE, settings.SESSION_COOKIE_SECURE = True, False
        assert levels(site.django) == {"settings": "wrong"}


class TestMachine:
    @pytest.fixture(autouse=True)
    def folder(self, settings, tmp_path):
        settings.DATA_DIR = tmp_path / "data"
        settings.DATA_DIR.mkdir(mode=0o700)
        settings.BASE_DIR = tmp_path
        (tmp_path / ".env").touch(mode=0o600)

    def test_all_is_well(self):
        assert levels(machine.permissions) == {"files": "ok"}

    @pytest.mark.parametrize("name", [".env", "data"])
    def test_what_others_can_read(self, name, tmp_path):
        (tmp_path / name).chmod(0o755)
        (finding,) = machine.permissions()
        assert finding.level == "wrong"
        # The advice is a command.
        subprocess.run(finding.advice.split(), check=True)
        assert levels(machine.permissions) == {"files": "ok"}

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
    def test_somebody_elses_data(self, settings):
        os.chown(settings.DATA_DIR, 65534, 65534)
        assert levels(machine.permissions) == {"files": "note"}

    @pytest.mark.parametrize(("free", "level"), [(10**8, "wrong"), (10**9, "note"), (10**11, "ok")])
    def test_room_on_the_disk(self, free, level, monkeypatch):
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(0, 0, free))
        assert levels(machine.disk) == {"disk": level}

    @pytest.mark.parametrize(
        ("kept_free", "level"), [(10**9, "wrong"), (0, "ok"), (None, "note")], ids=["refused", "any", "soon"]
    )
    def test_room_for_uploads(self, kept_free, level, settings):
        free = shutil.disk_usage(settings.DATA_DIR).free // uploads.MB
        settings.FILES_FREE_MB = free // 2 if kept_free is None else kept_free
        assert levels(uploads.disk) == {"uploads": level}

    @pytest.mark.django_db
    def test_several_machines_need_the_same_files(self, settings):
        Process.objects.create(name="one", host="one", pid=1, looked=1)
        assert levels(uploads.machines) == {}
        Process.objects.create(name="two", host="two", pid=1, looked=1)
        assert levels(uploads.machines) == {"uploads": "note"}
        settings.FILES_URL = "s3+https://key:secret@store.example.org/bucket"
        assert levels(uploads.machines) == {}

    @pytest.mark.parametrize(("limit", "level"), [(1024, "wrong"), (4096, "note"), (65536, "ok"), (-1, "ok")])
    def test_open_files(self, limit, level, monkeypatch):
        monkeypatch.setattr(machine.resource, "getrlimit", lambda which: (1024, limit))
        assert levels(machine.descriptors) == {"open files": level}


class TestNeighbours:
    def test_no_mail(self, settings):
        settings.MAIL = False
        assert levels(dependencies.mail) == {"mail": "note"}

    def test_a_mail_server_that_isnt_there(self, settings):
        settings.MAIL, settings.EMAIL_BACKEND = True, "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_HOST_PASSWORD = "127.0.0.1", 1, "opensesame"
        (finding,) = dependencies.mail()
        assert finding.level == "wrong"
        assert "opensesame" not in str(finding)

    def test_a_mail_server(self, settings):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=answer_mail, args=[listener], daemon=True).start()
            settings.MAIL, settings.EMAIL_BACKEND = True, "django.core.mail.backends.smtp.EmailBackend"
            settings.EMAIL_HOST, settings.EMAIL_PORT = listener.getsockname()
            assert levels(dependencies.mail) == {"mail": "ok"}

    def test_no_redis(self, settings):
        settings.REDIS_URL = ""
        assert levels(dependencies.redis) == {"redis": "ok"}

    def test_a_redis_that_isnt_there(self, settings):
        settings.REDIS_URL = "redis://:opensesame@127.0.0.1:1/0"
        (finding,) = dependencies.redis()
        assert finding.level == "wrong"
        assert "opensesame" not in str(finding)

    @pytest.mark.skipif(not shutil.which("redis-server"), reason="Redis is not here")
    def test_redis(self, settings):
        port = free_port()
        arguments = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        with subprocess.Popen(arguments, stdout=subprocess.DEVNULL) as process:
            wait_for(port)
            settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
            assert levels(dependencies.redis) == {"redis": "ok"}
            process.terminate()

    def test_a_server_that_isnt_started(self, settings):
        settings.HOST, settings.PORT = "127.0.0.1", 1
        assert levels(dependencies.server) == {"server": "note"}


def answer_mail(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as lines:
        connection.sendall(b"220 hello\r\n")
        for line in lines:
            connection.sendall(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 ok\r\n")


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"nothing listens on {port}")


@pytest.mark.django_db
class TestClock:
    def test_it_is_right(self, owner):
        assert levels(clock.clock) == {"clock": "ok"}

    def test_a_message_from_the_future(self, owner, private_room):
        from messaging import services
        from messaging.models import Message

        services.send(owner, "board", "from tomorrow", uuid.uuid4())
        assert levels(clock.clock) == {"clock": "ok"}
        Message.objects.update(created_at="2199-01-01T00:00:00Z")
        assert levels(clock.clock) == {"clock": "wrong"}


def test_a_check_that_fails_is_a_finding():
    def check():
        raise RuntimeError("a bug\nin many lines")

    (finding,) = findings.guarded("disk", check)
    assert (finding.level, finding.topic) == ("wrong", "disk")
    assert "many lines" not in str(finding)


class TestWhatTheServerSees:
    def test_it_tells_who_has_its_key(self, client):
        said = client.get(
            "/healthz", headers={echo.HEADER: echo.signed_question()}, REMOTE_ADDR="192.0.2.1"
        ).json()
        site = said.pop("site")
        assert said == {"address": "192.0.2.1", "secure": False, "host": "testserver"}
        assert echo.ProcessConfig(**site) == echo.process_config()

    @pytest.mark.parametrize(
        "asked",
        ["", "seen", "seen:1:x", TimestampSigner(key="another", salt=echo.HEADER).sign("seen")],
        # The signature changes with the second, and each of pytest's processes must find the same tests.
        ids=["nothing", "no signature", "a wrong one", "another key's"],
    )
    def test_and_nobody_else(self, client, asked):
        assert client.get("/healthz", headers={echo.HEADER: asked}).content == b"ok\n"

    def test_nor_long_after(self, client, time_machine):
        signed_question = echo.signed_question()
        time_machine.move_to(time.time() + 2 * echo.QUESTION_MAX_AGE_SECONDS)
        assert client.get("/healthz", headers={echo.HEADER: signed_question}).content == b"ok\n"


@pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not here")
class TestPostgreSQL:
    def test_one_that_keeps_nothing_and_has_no_tables(self, tmp_path):
        from tests.support.servers.harness import site_environ

        with postgres(connections=30) as url:
            done = doctor(site_environ(tmp_path, 1, DATABASE_URL=url))
            modest = doctor(site_environ(tmp_path, 1, DATABASE_URL=url), DATABASE_CONNECTIONS="16")
            blocked = measured(site_environ(tmp_path, 1, DATABASE_URL=url))
        assert done.returncode == 1
        found = told(done.stdout)
        assert (found["database"], found["driver"], found["migrations"]) == ("wrong", "ok", "wrong")
        assert "fsync is off: a crash can lose messages" in done.stdout
        assert found["connections"] == "wrong"
        assert (
            f"1 × 40 at most ({running.NOT_RUNNING_NOTE}); PostgreSQL has 27 for everything." in done.stdout
        )
        assert told(modest.stdout)["connections"] == "ok"
        assert found["search"] == "note"
        assert blocked < 5

    @pytest.mark.skipif(not PROGRAM, reason="Redis is not here")
    def test_a_site_that_was_started_with_more_workers_than_its_file_says(self, tmp_path):
        with postgres() as url, redis() as bus:
            shared = {"DATABASE_URL": url, "REDIS_URL": bus.url}
            with serve(tmp_path, workers=2, WORKERS="2", DATABASE_CONNECTIONS="20", **shared) as started:
                environ = {**started.environ, "WORKERS": "", "DATABASE_CONNECTIONS": ""}
                beside = doctor(environ).stdout
            after = doctor(environ).stdout
        assert "2 × 20 at most; PostgreSQL has 97 for everything." in beside
        assert "started with other settings" not in beside
        assert f"1 × 40 at most ({running.NOT_RUNNING_NOTE}); PostgreSQL" in after

    def test_one_that_isnt_there(self, tmp_path):
        from tests.support.servers.harness import site_environ

        url = "postgresql://chat:opensesame@127.0.0.1:1/chat"
        done = doctor(site_environ(tmp_path, 1, DATABASE_URL=url))
        assert told(done.stdout)["database"] == "wrong"
        assert "migrations" not in told(done.stdout)
        assert "opensesame" not in done.stdout + done.stderr


BLOCKED = """
import eventlet
from chatsite.operations.doctor import driver
eventlet.monkey_patch()
import django
django.setup()
print(driver.measure()["turns"])
"""


def measured(environ: dict[str, str]) -> float:
    """Turns that others get while a driver waits that nobody patched."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Run by the site's own configuration of gunicorn."""
    with serve(tmp_path_factory.mktemp("site"), **CONFIGURED) as server:
        yield server


@pytest.fixture(scope="module")
def token(server):
    return server.warm.run("shell", "-v0", "-c", TOKEN).stdout.split()[-1]


class Relay:
    """Stands before a server, and does to the bytes what `change` does; after `seconds` it cuts a websocket."""

    def __init__(self, port: int, change=lambda data: data, seconds: float = 60, host: str = "127.0.0.1"):
        self.listener = socket.create_server((host, 0))
        self.url = f"http://{host}:{self.listener.getsockname()[1]}"
        self.port, self.change, self.seconds = port, change, seconds
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        try:
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=[client], daemon=True).start()
        except OSError:
            pass

    def serve(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self.port))
        request = self.change(client.recv(65_536))
        server.sendall(request)
        threading.Thread(target=self.copy, args=[client, server], daemon=True).start()
        if b"upgrade: websocket" in request.lower():
            threading.Timer(self.seconds, self.cut, args=[client, server]).start()
        self.copy(server, client)

    def copy(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                target.sendall(data)
        except OSError:
            pass
        self.cut(source, target)

    def cut(self, *ends: socket.socket) -> None:
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


@contextmanager
def relay(*arguments, **options):
    relay = Relay(*arguments, **options)
    yield relay.url
    relay.listener.close()


class TestFromOutside:
    def found(self, server, url, token="", **settings) -> dict[str, str]:
        """Other `settings` take a process of their own."""
        if settings:
            done = doctor(server.environ, "--url", url, DOCTOR_TOKEN=token, **settings)
        else:
            done = server.warm.run("doctor", "--url", url, DOCTOR_TOKEN=token)
        assert "Traceback" not in done.stdout + done.stderr
        assert done.returncode == (1 if "wrong" in told(done.stdout).values() else 0)
        return told(re.split(r"^\w+ +server .*\n", done.stdout, flags=re.M)[-1])

    def test_a_good_site(self, server, token):
        assert self.found(server, server.url, token) == {
            "reach": "ok", "proxy": "ok", "origin": "ok", "polling": "ok", "websocket": "ok", "idle": "ok",
        }  # fmt: skip

    def test_a_proxy_that_keeps_the_upgrade_and_the_client_to_itself(self, server):
        with relay(server.port, lambda data: re.sub(rb"(?i)upgrade: websocket\r\n", b"", data)) as url:
            found = self.found(server, url)
        assert (found["websocket"], found["polling"], found["idle"]) == ("wrong", "ok", "note")
        # The server takes us for a program on its machine.
        assert found["metrics"] == "wrong"

    def test_a_proxy_that_cuts_what_is_quiet(self, server, token):
        with relay(server.port, seconds=5) as url:
            found = self.found(server, url, token)
        assert (found["websocket"], found["idle"]) == ("ok", "wrong")

    def test_a_name_that_isnt_the_sites(self, server):
        with relay(server.port, host="127.0.0.2") as url:
            assert self.found(server, url)["reach"] == "wrong"

    def test_nobody_there(self, server):
        assert self.found(server, f"http://127.0.0.1:{free_port()}") == {"reach": "wrong"}

    def test_another_sites_key(self, server):
        key = "another-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLM"
        assert self.found(server, server.url, SECRET_KEY=key)["proxy"] == "note"

    def test_headers_and_origins_that_are_believed(self, tmp_path):
        elsewhere = {"TRUST_PROXY": "true", "EXTRA_ORIGINS": "https://elsewhere.invalid"}
        with serve(tmp_path, **elsewhere) as server:
            found = self.found(server, server.url)
        assert (found["proxy"], found["origin"]) == ("wrong", "wrong")

    @pytest.mark.parametrize(
        "url", ["chat.example.org", "https://", "https://chat.example.org:port", "https://[::1"]
    )
    def test_a_strange_address(self, url):
        with pytest.raises(CommandError, match=r"^--url is not an address like https://chat.example.org\.$"):
            call_command("doctor", url=url)


def test_a_site_that_was_started_with_other_settings(server):
    done = doctor(server.environ, SITE_URL="https://chat.example.org", TRUST_PROXY="true")
    assert told(done.stdout)["server"] == "wrong"
    assert "other settings than are here: SITE_URL, TRUST_PROXY." in done.stdout


def test_a_site_with_another_key_does_not_say_how_it_was_started(server):
    done = doctor(server.environ, SECRET_KEY="another-key-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH")
    assert told(done.stdout)["server"] == "note"
    assert running.NOT_RUNNING_NOTE in done.stdout


def test_every_check_is_told(server):
    found = told(server.warm.run("doctor").stdout)
    assert set(found) == {topic for topic, _ in registry.ALWAYS + registry.WITH_DATABASE} | {"server"}


def test_as_the_document_shows_it(checkout):
    text = (ROOT / "docs" / "operations.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", text.split("\n## Doctor\n")[1].split("\n## ")[0], re.M | re.S)
    server = checkout.start()
    server.set_up(requests.Session())
    token = checkout.run("manage", "shell", "-v0", "-c", TOKEN).stdout.split()[-1]
    for block in blocks:
        line = block.replace("https://chat.example.org", server.url).replace("TOKEN=TOKEN", f"TOKEN={token}")
        environ = checkout.environ(PORT=server.url.rpartition(":")[2])
        done = subprocess.run(
            ["sh", "-ec", line], cwd=checkout.folder, env=environ, capture_output=True, text=True, timeout=250
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "0 wrong" in done.stdout
    server.stop()
