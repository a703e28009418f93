"""What deploy/ has: the proxies' samples run before a real server, the rest as far as it can be held without Docker."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from select import select
from threading import Timer

import pytest
import requests
import yaml
from django.core.signing import TimestampSigner

from chatsite.observability import echo
from chatsite.operations.doctor import live
from chatsite.operations.doctor.visit import Visit
from tests.operations.test_doctor import CONFIGURED, TOKEN, doctor, told
from tests.realtime.worker.test_socket_handoff import folder_of, workers_in
from tests.support import ROOT
from tests.support.servers import proxies
from tests.support.servers.checkout import LEFT_OUT, Checkout
from tests.support.servers.harness import free_port, serve, standing_still
from tests.support.servers.postgres import find, postgres
from tests.support.servers.redis import PROGRAM, redis
from tests.support.sites import PATIENT

pytestmark = pytest.mark.realtime
DEPLOY = ROOT / "deploy"
# Behind a proxy, and on a busy machine, clients may take longer to ask to come in.
ASKING = "60"
# Seconds for any answer, and those that a worker stands still at most: its clients wait longer for a ping.
PATIENCE, STANDING_SECONDS = 30, 5


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if not proxies.program("openssl"):
        pytest.skip("openssl is not here")
    return proxies.certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(autouse=True)
def trusted(certificate, monkeypatch):
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(variable, str(certificate.certificate))


NAMES = [name for name in proxies.COMMANDS if proxies.program(name)]


@pytest.fixture(params=proxies.COMMANDS)
def name(request):
    if request.param not in NAMES:
        pytest.skip(f"{request.param} is not here")
    return request.param


@pytest.fixture(scope="module")
def ports():
    """Of https, by proxy: the site must know them as its own."""
    return {name: free_port() for name in NAMES}


@pytest.fixture(scope="module")
def settings(ports):
    """Those of machines of one site."""
    origins = [f"https://localhost:{port}" for port in ports.values()] or ["https://localhost"]
    if not (PROGRAM and find("initdb")):
        pytest.skip("Redis or PostgreSQL is not here")
    with postgres() as database, redis() as bus:
        yield {
            "TRUST_PROXY": "true",
            "SITE_URL": origins[0],
            "EXTRA_ORIGINS": ",".join(origins[1:]),
            "DATABASE_URL": database,
            "REDIS_URL": bus.url,
            "WORKERS": "2",
            **CONFIGURED,
        }


@pytest.fixture(scope="module")
def server(tmp_path_factory, settings):
    """Two workers, behind all the proxies at once."""
    with serve(tmp_path_factory.mktemp("site"), PATIENT, workers=2, ASKING=ASKING, **settings) as server:
        yield server


@pytest.fixture(scope="module")
def second(tmp_path_factory, server, settings):
    """Another machine of the site."""
    with serve(tmp_path_factory.mktemp("second"), PATIENT, workers=2, ASKING=ASKING, **settings) as second:
        yield second


@pytest.fixture(scope="module")
def token(server):
    return server.manage("shell", "-v0", "-c", TOKEN).split()[-1]


@pytest.fixture(scope="module")
def all_proxies(server, certificate, ports, tmp_path_factory):
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                proxies.running(
                    name,
                    proxies.before([server.port], tmp_path_factory.mktemp(name), certificate, https=port),
                )
            )
            for name, port in ports.items()
        }


@pytest.fixture(scope="module")
def examinations(all_proxies, server, token, certificate):
    """What the doctor says through each of them, to come: it mostly waits for pings, and the other tests needn't."""
    settings = {"DOCTOR_TOKEN": token, "SSL_CERT_FILE": str(certificate.certificate)}
    with ThreadPoolExecutor() as pool:
        yield {
            name: pool.submit(doctor, server.environ, "--url", proxy.url, **settings)
            for name, proxy in all_proxies.items()
        }


@pytest.fixture
def proxy(name, all_proxies, examinations):
    return all_proxies[name]


@pytest.mark.parametrize(
    "lie",
    [
        {},
        {"X_Forwarded_For": "192.0.2.66", "X_Forwarded_Proto": "http"},
        {"x_forwarded_for": "192.0.2.66, 192.0.2.67", "Forwarded": "for=192.0.2.68;proto=http"},
    ],
)
def test_the_server_sees_who_it_is_whatever_they_claim(proxy, server, lie):
    question = TimestampSigner(key=server.environ["SECRET_KEY"], salt=echo.HEADER).sign("seen")
    for source in ("127.0.0.1", "127.0.0.2"):
        said = Visit(proxy.url, PATIENCE, source).get("/healthz", **{echo.HEADER: question}, **lie).json()
        del said["site"]
        assert said == {"address": source, "secure": True, "host": f"localhost:{proxy.https}"}


def through(proxy, token, transports, *addresses, servers=()):
    """Return the workers of clients that talk through the proxy, in each worker of `servers` some: the other workers stand
    still meanwhile, as one may take all connections of a moment. With no servers it is left to them.

    In JavaScript: Python's client reads and writes TLS in two threads at once, which ended 3 of 600 connections on the
    client's side, and none of 900 without TLS."""
    workers = [server.workers for server in servers]
    groups = list(zip(*workers, strict=True)) or [()]
    meeting = [str(sum(map(len, groups[: n + 1])) or 1) for n in range(len(groups))]
    run = [
        shutil.which("node") or "node",
        "tests/support/clients/through_proxy.mjs",
        proxy.url,
        token,
        transports,
    ]
    with subprocess.Popen(
        [*run, ",".join(meeting), *addresses],
        cwd=ROOT,
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(proxy.certificate.certificate)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as node:
        watch = Timer(200, node.kill)
        watch.start()
        for serving in groups:
            with standing_still([pid for some in workers for pid in some if serving and pid not in serving]):
                node.stdin.write("\n")
                node.stdin.flush()
                # One that stands still may hold a lock of the database for which another waits.
                select([node.stdout], [], [], STANDING_SECONDS)
            # Who asked a worker that stood still goes on now.
            if [node.stdout.readline(), node.stdout.readline()] != ["met\n", "in\n"]:
                break
        said, error = node.communicate()
        watch.cancel()
    assert node.returncode == 0, error
    seen = json.loads(said)
    assert all(sorted(heard) == sorted(seen["said"]) for heard in seen["heard"])
    assert all(heard == seen["heard"][0] for heard in seen["heard"])
    assert {*seen["transports"]} == {transports.rpartition(",")[2]}
    return {*seen["workers"]}


@pytest.fixture
def fresh(name, server, certificate, tmp_path):
    """A proxy without connections that it keeps to one of the workers."""
    with proxies.running(name, proxies.before([server.port], tmp_path, certificate)) as proxy:
        yield proxy


@pytest.mark.parametrize("transports", ["polling", "websocket"])
def test_official_clients_of_both_workers_talk_through_it(fresh, server, token, transports):
    assert len(through(fresh, token, transports, "127.0.0.1", servers=[server])) == 2


def test_official_clients_are_upgraded_through_it(fresh, token):
    """A proxy may take one connection for all their first requests, and so one worker; the websockets have their own."""
    through(fresh, token, "polling,websocket", "127.0.0.1")


def test_a_form_is_taken(proxy, certificate):
    """What fails where Host or the scheme is lost."""
    session = requests.Session()
    page = session.get(proxy.url + "/login")
    given = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    fields = {"csrfmiddlewaretoken": given, "username": "nobody", "password": "nothing"}
    answer = session.post(
        proxy.url + "/login", fields, headers={"Referer": proxy.url + "/login", "Origin": proxy.url}
    )
    # 403 if it were taken for another site's; this is of a wrong password.
    assert answer.status_code == 400
    assert "Strict-Transport-Security" in answer.headers


def test_what_is_too_large_is_told_by_the_site(proxy, token, certificate):
    def post(size: int) -> requests.Response:
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        return requests.post(
            proxy.url + "/message",
            b"x" * size,
            headers=headers,
            verify=str(certificate.certificate),
            timeout=PATIENCE,
        )

    assert post(1_500_000).json()["code"] == "too_large"
    assert post(3_000_000).status_code == 413


def test_a_large_file_goes_through_it_both_ways(proxy, token, certificate):
    data = bytes(range(256)) * 12_000
    asking = {
        "headers": {"Authorization": f"Token {token}"},
        "verify": str(certificate.certificate),
        "timeout": PATIENCE,
    }
    answer = requests.post(proxy.url + "/file?room=general", files={"file": ("a.bin", data)}, **asking)
    assert answer.status_code == 201, answer.text
    assert requests.get(proxy.url + answer.json()["url"], **asking).content == data


def test_http_leads_to_https(proxy, name):
    if name == "caddy":
        pytest.skip("Caddy does it by itself, on port 80")
    answer = requests.get(proxy.plain + "/room/general", allow_redirects=False, timeout=PATIENCE)
    assert answer.status_code == 301
    assert re.fullmatch(r"https://localhost(:\d+)?/room/general", answer.headers["Location"])


# So many that not all go to one machine: the hashes of nginx and Caddy have the machines' ports in them, others each time.
ADDRESSES = tuple(f"127.0.0.{n}" for n in range(1, 17))


def wait_until_served(proxy):
    """At each machine: a proxy may have looked at none yet."""
    deadline = time.monotonic() + PATIENCE
    while any(status(proxy, source) != 200 for source in ADDRESSES):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def status(proxy, source=""):
    return Visit(proxy.url, PATIENCE, source).get("/healthz").status


def test_of_several_machines_a_client_keeps_to_one(name, server, second, token, certificate, tmp_path):
    made = proxies.before([server.port, second.port], tmp_path, certificate, several=True)
    with proxies.running(name, made):
        wait_until_served(made)
        for source in ADDRESSES[:4]:
            (finding,) = live.polling(Visit(made.url, PATIENCE, source))
            assert finding.level == "ok", finding
        workers = through(made, token, "polling", *ADDRESSES, servers=[server, second])
    for machine in (server, second):
        assert workers & workers_in(folder_of(machine)), "nobody came to one of the machines"


def test_the_doctor_finds_nothing_wrong(name, examinations):
    done = examinations[name].result()
    outside = told(re.split(r"^\w+ +server .*\n", done.stdout, flags=re.M)[1])
    assert set(outside.values()) == {"ok"}, done.stdout
    assert set(outside) == {
        "reach", "certificate", "proxy", "metrics", "origin", "polling", "websocket", "idle",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["haproxy", "caddy"], indirect=True)
def test_a_busy_machine_is_not_taken_for_a_dead_one(name, server, certificate, tmp_path):
    """Whose answer takes longer than the time between two questions, and than Caddy waits by itself."""
    made = proxies.before([server.port], tmp_path, certificate)
    with ExitStack() as stack:
        with standing_still(server.workers):
            stack.enter_context(proxies.running(name, made))
            time.sleep(6)
        assert [status(made) for _ in range(3)] == [200] * 3


@pytest.mark.skipif(not proxies.program("nginx"), reason="nginx is not here")
def test_and_the_doctor_sees_it_where_clients_dont(server, second, certificate, tmp_path):
    made = proxies.before([server.port, second.port], tmp_path, certificate)
    with proxies.running("nginx", made):
        (finding,) = live.polling(Visit(made.url, PATIENCE))
    assert finding.level == "wrong"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
class TestUnit:
    @pytest.fixture
    def unit(self, checkout, tmp_path):
        text = (DEPLOY / "chatsite.service").read_text()
        path = tmp_path / "chatsite.service"
        path.write_text(
            text.replace("/srv/chatsite", str(checkout.folder)).replace("User=chat", "User=daemon")
        )
        return path

    def test_systemd_understands_it(self, unit):
        done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")

    def test_it_may_do_little(self, unit):
        """systemd's own score, of 100; 96 for a unit that says nothing."""
        command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", unit]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """What the Dockerfile copies, and nothing else, where it copies it from."""
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    folder = tmp_path_factory.mktemp("image")
    for name in kept:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, folder / "srv" / name, ignore=shutil.ignore_patterns(*LEFT_OUT))
        else:
            (folder / "srv").mkdir(exist_ok=True)
            shutil.copy(path, folder / "srv" / name)
    image = Checkout.__new__(Checkout)
    image.folder, image.servers = folder / "srv", []
    (image.folder / ".venv").symlink_to(sys.prefix)
    (folder / "data").mkdir(mode=0o700)
    (image.folder / ".env").symlink_to(folder / "data" / ".env")
    yield image
    image.close()


class TestImage:
    """The Dockerfile's steps without Docker."""

    def test_a_build_without_the_project_writes_no_key(self, tmp_path):
        for name in ("run", "requirements.txt", "manage.py"):
            shutil.copy(ROOT / name, tmp_path / name)
        (tmp_path / ".venv").symlink_to(sys.prefix)
        (step,) = re.findall(r"^RUN (SECRET_KEY=build .*)$", (DEPLOY / "Dockerfile").read_text(), re.M)
        done = subprocess.run(["sh", "-ec", step], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert not (tmp_path / ".env").exists()

    def test_it_serves_from_what_is_copied_and_is_healthy(self, image):
        data = image.folder.parent / "data"
        server = image.start(HOST="0.0.0.0", DATA_DIR=str(data))
        assert "/setup/" in server.printed()
        assert (data / ".env").read_text().startswith("SECRET_KEY=")
        (check,) = re.findall(r"^ +CMD (\[.*\])$", (DEPLOY / "Dockerfile").read_text(), re.M)
        environ = image.environ(PORT=server.url.rpartition(":")[2])
        healthy = subprocess.run(json.loads(check), cwd=image.folder, env=environ)
        assert healthy.returncode == 0
        server.stop()
        ill = subprocess.run(json.loads(check), cwd=image.folder, env=environ, capture_output=True)
        assert ill.returncode == 1

    def test_nothing_secret_is_copied(self, image):
        names = {path.name for path in image.folder.iterdir()}
        assert not names & {".git", "data", "tests", "node_modules"}


def test_the_composed_services():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert set(services) == {"chat", "postgres", "redis"}
    example = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert set(services["chat"]["environment"]) <= example
    for service in services.values():
        assert "healthcheck" in service or "build" in service
        assert service["restart"] == "unless-stopped"
        # To the machine itself, where the proxy is, and to nobody else.
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_the_passwords_that_it_asks_for(tmp_path):
    text = (DEPLOY / "compose.yaml").read_text()
    lines = re.findall(r"^#   (.+)$", text, re.M)
    subprocess.run(["sh", "-ec", "\n".join(lines)], cwd=tmp_path, check=True)
    written = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines())
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert set(re.findall(r"\$\{([A-Z_]+):\?", text)) == written.keys() - {"SITE_URL"}
    assert all(len(value) >= 24 for value in written.values())
