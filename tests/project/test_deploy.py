"""What deploy/ has: the proxies' samples run before a real server, the rest as far as it can be held without Docker."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time

import pytest
import requests
import yaml
from django.core.signing import TimestampSigner

from chatsite.doctor import live, seen
from chatsite.doctor.visit import Visit
from tests.project import proxies
from tests.project.checkout import LEFT_OUT, ROOT, Checkout
from tests.project.test_doctor import CONFIGURED, TOKEN, doctor, told
from tests.realtime.harness import free_port, serve

pytestmark = pytest.mark.realtime
DEPLOY = ROOT / "deploy"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return proxies.certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(autouse=True)
def trusted(certificate, monkeypatch):
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(variable, str(certificate.certificate))


@pytest.fixture(scope="module", params=proxies.COMMANDS)
def name(request):
    if not proxies.program(request.param):
        pytest.skip(f"{request.param} is not here")
    return request.param


@pytest.fixture(scope="module")
def https() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory, https):
    """Serves all proxies, one after the other: they take the same port."""
    settings = {"TRUST_PROXY": "true", "SITE_URL": f"https://localhost:{https}", **CONFIGURED}
    with serve(tmp_path_factory.mktemp("site"), **settings) as server:
        yield server


@pytest.fixture(scope="module")
def token(server):
    return server.manage("shell", "-v0", "-c", TOKEN).split()[-1]


@pytest.fixture
def proxy(name, server, certificate, https, tmp_path):
    made = proxies.before([server.port], tmp_path, certificate, https=https)
    with proxies.running(name, made):
        yield made


def test_the_doctor_finds_nothing_wrong(proxy, server, token):
    done = doctor(
        server.environ, "--url", proxy.url, DOCTOR_TOKEN=token, SSL_CERT_FILE=os.environ["SSL_CERT_FILE"]
    )
    outside = told(re.split(r"^\w+ +server .*\n", done.stdout, flags=re.M)[1])
    assert set(outside.values()) == {"ok"}, done.stdout
    assert set(outside) == {
        "reach", "certificate", "proxy", "metrics", "origin", "polling", "websocket", "idle",
    }  # fmt: skip


@pytest.mark.parametrize(
    "lie",
    [
        {},
        {"X_Forwarded_For": "192.0.2.66", "X_Forwarded_Proto": "http"},
        {"x_forwarded_for": "192.0.2.66, 192.0.2.67", "Forwarded": "for=192.0.2.68;proto=http"},
    ],
)
def test_the_server_sees_who_it_is_whatever_they_claim(proxy, server, lie):
    question = TimestampSigner(key=server.environ["SECRET_KEY"], salt=seen.HEADER).sign("seen")
    for source in ("127.0.0.1", "127.0.0.2"):
        said = Visit(proxy.url, 10, source).get("/healthz", **{seen.HEADER: question}, **lie).json()
        assert said == {"address": source, "secure": True, "host": f"localhost:{proxy.https}"}


@pytest.mark.parametrize("transports", ["polling", "websocket", "polling,websocket"])
def test_the_official_client_talks_through_it(proxy, token, certificate, transports):
    """In JavaScript: Python's reads and writes TLS in two threads at once, which ended 3 of 600 connections on the client's
    side, and none of 900 without TLS."""
    done = subprocess.run(
        [shutil.which("node") or "node", "tests/project/through.mjs", proxy.url, token, transports],
        cwd=ROOT,
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(certificate.certificate)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["heard"] == seen["said"]
    assert seen["transport"] == transports.rpartition(",")[2]


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
            timeout=10,
        )

    assert post(1_500_000).json()["code"] == "too_large"
    assert post(3_000_000).status_code == 413


def test_http_leads_to_https(proxy, name):
    if name == "caddy":
        pytest.skip("Caddy does it by itself, on port 80")
    answer = requests.get(proxy.plain + "/room/general", allow_redirects=False, timeout=10)
    assert answer.status_code == 301
    assert re.fullmatch(r"https://localhost(:\d+)?/room/general", answer.headers["Location"])


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """Another server, as on another machine."""
    with serve(tmp_path_factory.mktemp("second"), TRUST_PROXY="true", **CONFIGURED) as server:
        yield server


def test_of_several_servers_a_client_keeps_to_one(name, server, second, certificate, tmp_path):
    made = proxies.before([server.port, second.port], tmp_path, certificate, several=True)
    with proxies.running(name, made):
        time.sleep(0.5 if name == "caddy" else 0)
        for source in ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"):
            (finding,) = live.polling(Visit(made.url, 10, source))
            assert finding.level == "ok", finding


@pytest.mark.skipif(not proxies.program("nginx"), reason="nginx is not here")
def test_and_the_doctor_sees_it_where_clients_dont(server, second, certificate, tmp_path):
    made = proxies.before([server.port, second.port], tmp_path, certificate)
    with proxies.running("nginx", made):
        (finding,) = live.polling(Visit(made.url, 10))
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
