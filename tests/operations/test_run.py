"""`./run`, as one who has just cloned the project types it."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
import socketio

from tests.support.run.machine_pace import Pace
from tests.support.servers.checkout import Checkout, Server

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def server(checkout: Checkout) -> Server:
    return checkout.start()


@pytest.mark.serial
class TestTheFirstStart:
    """In the order of a first evening; the tests share one server."""

    session = requests.Session()

    def test_it_writes_a_key_that_only_we_can_read(self, checkout, server):
        dotenv = checkout.folder / ".env"
        assert stat.S_IMODE(dotenv.stat().st_mode) == 0o600
        assert len(dotenv.read_text().strip().removeprefix("SECRET_KEY=")) >= 50

    def test_only_we_can_read_what_people_say(self, checkout, server):
        assert stat.S_IMODE((checkout.folder / "data").stat().st_mode) == 0o700

    def test_it_says_where_it_is(self, server):
        assert f"Chatsite is at {server.url}" in server.printed()
        assert len(server.printed().strip().splitlines()) == 3, server.printed()

    def test_static_files_are_served(self, server):
        answer = requests.get(server.url + "/static/css/docs.css")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/css")

    def test_a_port_in_use_is_one_line(self, checkout, server):
        done = checkout.run(PORT=server.url.rpartition(":")[2])
        assert done.returncode != 0
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert "PORT" in done.stderr

    def test_the_link_makes_the_first_administrator(self, server):
        assert server.set_up(self.session).status_code == 200
        me = self.session.get(server.url + "/user/me").json()
        assert me["username"] == "ada"

    def test_the_link_works_once(self, server):
        assert requests.get(server.link()).status_code == 404

    def test_it_stops_at_once_with_a_browser_connected(self, server):
        client = socketio.Client(http_session=self.session, reconnection=False)
        client.connect(server.url, transports=["websocket"])
        with Pace() as pace:
            assert server.stop() < pace.allowed(3), pace
        assert server.process.returncode == 0
        client.disconnect()

    def test_the_second_start_is_quick_and_prints_no_link(self, checkout):
        with Pace() as pace:
            began = time.monotonic()
            again = checkout.start()
            assert time.monotonic() - began < pace.allowed(3), pace
            assert "/setup/" not in again.printed()
            assert again.stop(signal.SIGINT) < pace.allowed(3), pace


def test_settings_come_from_dotenv_and_the_environment_wins(checkout):
    dotenv = checkout.folder / ".env"
    before = dotenv.read_text() if dotenv.exists() else ""
    dotenv.write_text(before + "SITE_URL=https://from.example\nPORT=http\n")
    try:
        assert "PORT" in checkout.run().stderr
        show = (
            "manage",
            "shell",
            "-v",
            "0",
            "-c",
            "from django.conf import settings; print(settings.SITE_URL)",
        )
        assert checkout.run(*show, PORT="8001").stdout.strip() == "https://from.example"
        assert (
            checkout.run(*show, PORT="8001", SITE_URL="http://a.example").stdout.strip() == "http://a.example"
        )
    finally:
        dotenv.write_text(before)


def test_a_key_is_added_to_a_file_whose_last_line_has_no_end(checkout):
    dotenv = checkout.folder / ".env"
    dotenv.write_text("PORT=http")
    assert "PORT" in checkout.run().stderr
    port, key = dotenv.read_text().splitlines()
    assert port == "PORT=http"
    assert key.startswith("SECRET_KEY=")
    dotenv.write_text(key + "\n")


def test_help_and_unknown_commands(checkout):
    assert "./run demo" in checkout.run("help").stdout
    done = checkout.run("nonsense")
    assert done.returncode != 0
    assert done.stderr.strip().endswith("There is no ./run nonsense.")


@pytest.fixture
def bare(tmp_path):
    """A machine's programs without Python; `python3` is added by the tests."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("cat", "cksum", "dirname", "grep", "sh"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return folder


def program(folder, name, lines):
    (folder / name).write_text(f"#!/bin/sh\n{lines}\n")
    (folder / name).chmod(0o755)


def run_bare(checkout, bare, tmp_path):
    """In a copy that has no environment yet."""
    (tmp_path / "run").write_text((checkout.folder / "run").read_text())
    (tmp_path / "requirements.txt").write_text("")
    return subprocess.run(
        ["/bin/sh", "run"], cwd=tmp_path, env={"PATH": str(bare)}, capture_output=True, text=True, timeout=60
    )


def test_without_python_it_says_what_to_install(checkout, bare, tmp_path):
    done = run_bare(checkout, bare, tmp_path)
    assert done.returncode != 0
    assert done.stderr.splitlines() == [
        "Python 3.11 or newer is missing (Debian, Ubuntu, as root: apt-get install python3 python3-venv)."
    ]


@pytest.mark.parametrize(
    ("stub", "named"),
    [
        ('case "$2" in *version_info*) exit 1 ;; esac', "Python 3.11 or newer"),
        ('case "$2" in *ensurepip*) exit 1 ;; esac', "python3-venv"),
    ],
)
def test_an_old_python_or_one_without_venv(checkout, bare, tmp_path, stub, named):
    program(bare, "python3", f"{stub}\nexit 0")
    done = run_bare(checkout, bare, tmp_path)
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert named in done.stderr


URL = "s3+https://key:secret@store.example.org/bucket"


@pytest.mark.parametrize(
    ("environ", "dotenv", "wanted"),
    [
        ({}, "", False),
        ({"FILES_URL": URL}, "", True),
        ({}, f"FILES_URL={URL}", True),
        ({}, f'export FILES_URL="{URL}"', True),
        ({"FILES_URL": ""}, f"FILES_URL={URL}", False),
    ],
)
def test_a_stores_packages_are_for_who_has_one(checkout, tmp_path, environ, dotenv, wanted):
    """By a stand-in of Python, which would download them."""
    shutil.copy(checkout.folder / "run", tmp_path)
    for name in ("requirements.txt", "requirements-s3.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / ".env").write_text(f"SECRET_KEY=known\n{dotenv}\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    asked = tmp_path / "asked"
    program(
        tmp_path / ".venv" / "bin",
        "python",
        f'case "$*" in *version_info*) echo 3 11 ;; esac; echo "$*" >>{asked}',
    )
    done = subprocess.run(
        ["./run", "manage", "version"], cwd=tmp_path, env={"PATH": os.environ["PATH"], **environ},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, "secret" in done.stdout + done.stderr) == (0, False)
    assert ("-r requirements-s3.txt" in asked.read_text()) == wanted


def test_root_gets_what_is_missing(checkout, bare, tmp_path):
    """By a stand-in of apt-get, for the real one needs a whole machine."""
    program(bare, "id", "echo 0")
    asked = tmp_path / "asked"
    found = Path(sys.executable).resolve()
    link = shutil.which("ln")
    program(bare, "apt-get", f'echo "$@" >>{asked}\n[ "$1" = update ] || {link} -sf {found} {bare}/python3')
    done = run_bare(checkout, bare, tmp_path)
    assert (tmp_path / ".venv" / "requirements.stamp").is_file(), done.stderr
    assert asked.read_text().splitlines() == [
        "update -qq",
        "install -qq -y --no-install-recommends python3 python3-venv",
    ]


def test_root_is_told_what_could_not_be_installed(checkout, bare, tmp_path):
    program(bare, "id", "echo 0")
    program(bare, "apt-get", "exit 100")
    done = run_bare(checkout, bare, tmp_path)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith("Python 3.11 or newer is missing")


def test_it_listens_on_every_address_and_says_how_others_come_in(checkout):
    server = checkout.start(HOST="0.0.0.0")
    assert "set SITE_URL" in server.printed()
    assert requests.get(server.url + "/healthz").text == "ok\n"
    with Pace() as pace:
        assert server.stop() < pace.allowed(3), pace


def test_a_foreign_name_is_refused_and_told_in_one_line(checkout):
    server = checkout.start()
    assert requests.get(server.url + "/login", headers={"Host": "evil.example"}).status_code == 400
    server.stop()
    assert "'evil.example'. If it is yours, set SITE_URL" in server.printed()
    assert "Traceback" not in server.printed()


def test_with_https_it_asks_for_the_proxy(checkout):
    server = checkout.start(SITE_URL="https://chat.example.org")
    assert "Chatsite is at https://chat.example.org" in server.printed()
    assert "set TRUST_PROXY=true" in server.printed()
    server.stop()
    server = checkout.start(SITE_URL="https://chat.example.org", TRUST_PROXY="true")
    assert "TRUST_PROXY" not in server.printed()
    server.stop()
