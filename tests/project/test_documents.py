"""What the documents show is run as it stands there, but for the address and the token."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import requests
from django.conf import settings

from chatsite.contract import errors
from tests.support import ROOT
from tests.support.servers.checkout import Server

pytestmark = pytest.mark.realtime
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
GITHUB = [path for path in sorted((ROOT / ".github").rglob("*")) if path.is_file()]
CLIENTS = ROOT / "docs" / "clients"
TOKEN = """
from accounts.models import User
from accounts.services import make_token
user = User.objects.filter(username="botty").first() or User.objects.create_user("botty", display_name="Botty")
print(make_token(user, "docs")[1])
"""


@pytest.fixture(scope="module")
def server(checkout) -> Server:
    return checkout.start()


@pytest.fixture(scope="module")
def ada(server) -> requests.Session:
    session = requests.Session()
    server.set_up(session)
    return session


@pytest.fixture(scope="module")
def token(checkout, ada) -> str:
    done = checkout.run("manage", "shell", "-v", "0", "-c", TOKEN)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def snippets(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.M | re.S)


def fitted(snippet: str, server: Server, token: str) -> str:
    return snippet.replace("http://127.0.0.1:8000", server.url).replace("TOKEN", token)


def program(language: str) -> list[str]:
    if language == "python":
        return [sys.executable, "-"]
    return [shutil.which("node") or "node", "--input-type=module", "-"]


def send(ada: requests.Session, server: Server, body: str) -> None:
    headers = {"X-CSRFToken": csrf(ada, server), "Referer": server.url}
    answer = ada.post(server.url + "/message", json={"room": "general", "body": body}, headers=headers)
    assert answer.status_code == 201, answer.text


def csrf(ada: requests.Session, server: Server) -> str:
    return ada.get(server.url + "/profile").text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]


def bodies(ada: requests.Session, server: Server, sender: str) -> list[str]:
    results = ada.get(server.url + "/message?room=general").json()["results"]
    return [message["body"] for message in results if message["sender"]["username"] == sender]


@pytest.fixture
def bot(request, server, token) -> Iterator[subprocess.Popen[str]]:
    """The README's bot in the language that the test names."""
    snippet = next(text for text in snippets(ROOT / "README.md", request.param) if "!ping" in text)
    process = subprocess.Popen(program(request.param), cwd=CLIENTS, stdin=subprocess.PIPE, text=True)
    assert process.stdin
    process.stdin.write(fitted(snippet, server, token))
    process.stdin.close()
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("bot", ["python", "js"], indirect=True)
def test_the_bot_answers(bot, ada, server):
    before = bodies(ada, server, "botty").count("pong")
    end = time.monotonic() + 60
    while bodies(ada, server, "botty").count("pong") == before and time.monotonic() < end:
        assert bot.poll() is None
        send(ada, server, "!ping")
        time.sleep(0.3)
    assert bodies(ada, server, "botty").count("pong") > before


@pytest.mark.parametrize("language", ["python", "js"])
def test_the_protocols_first_example(language, server, token):
    snippet = snippets(ROOT / "docs" / "protocol.md", language)[0]
    done = subprocess.run(
        program(language),
        cwd=ROOT,
        input=fitted(snippet, server, token),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.stdout.startswith("general "), done.stderr


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not here")
@pytest.mark.parametrize("document", ["README.md", "docs/protocol.md"])
def test_the_line_for_a_shell(document, server, ada, token):
    (snippet,) = [
        text for text in snippets(ROOT / document, "sh") if text.startswith("curl") and "body" in text
    ]
    subprocess.run(["sh", "-c", fitted(snippet, server, token)], check=True, capture_output=True, timeout=100)
    sentence = re.search(r'"body": "([^"]+)"', snippet)
    assert sentence
    assert sentence[1] in bodies(ada, server, "botty")


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not here")
def test_the_line_that_uploads(server, ada, token):
    (snippet,) = [text for text in snippets(ROOT / "docs" / "protocol.md", "sh") if "file=@" in text]
    line = fitted(snippet, server, token)
    done = subprocess.run(["sh", "-c", line], cwd=ROOT, check=True, capture_output=True, timeout=100)
    assert json.loads(done.stdout)["name"] == "README.md"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_the_documents_lead_somewhere(document):
    for link in re.findall(r"\]\(([^)]+)\)", document.read_text()):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        if anchor:
            titles = re.findall(r"^#+ (.+)$", target.read_text(), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_says_is_in_a_file_is_there(document):
    """`NAME` in [the file](path): the name's last part is a word of the file."""
    for name, path in re.findall(r"`([\w.]+)`\s+in\s+\[[^]]+\]\(([^):#]+)\)", document.read_text()):
        target = document.parent / path
        if target.is_file():
            assert re.search(rf"\b{name.rpartition('.')[2]}\b", target.read_text()), f"{name}: {path}"


def test_the_changelog_has_every_version_with_its_date_and_ours_is_the_newest():
    first, *titles = re.findall("^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert first == "Unreleased"
    versions, dates = zip(*(title.split(", ") for title in titles), strict=True)
    assert versions[0] == settings.VERSION
    for found in (dates, [tuple(map(int, version.split("."))) for version in versions]):
        assert list(found) == sorted(found, reverse=True)
    assert all(date.fromisoformat(each) for each in dates)


def section(title: str) -> str:
    text = (ROOT / "docs" / "protocol.md").read_text()
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def named(title: str) -> set[str]:
    """What stands in the first column of a section's table."""
    cells = re.findall(r"^\| (`.+?) \|", section(title), re.M)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_the_loop_is_that_of_the_client_which_is_tested():
    (loop,) = re.findall(r"^```python\n(.*?)^```", section("Staying in step"), re.M | re.S)
    client = flush(CLIENTS / "chat_client.py")
    parts = [flush(part) for part in loop.split("\n\n\n")]
    assert len(parts) == 7
    assert all(part in client for part in parts)


def flush(text: Path | str) -> str:
    """Without indentation: a method is shown without its class."""
    lines = (text.read_text() if isinstance(text, Path) else text).strip().splitlines()
    return "\n".join(line.strip() for line in lines)


def test_the_protocol_names_every_event_and_no_other():
    from chatsite.routing import router

    assert named("What a client sends") == set(router.events)


def test_the_protocol_names_every_error_and_its_status():
    statuses = {error.code: error.status for error in errors.ChatError.__subclasses__()}
    assert named("Errors") == set(statuses)
    for line in re.findall(r"^\| (`.+)", section("Errors"), re.M):
        codes, status = line.split(" |")[:2]
        for code in re.findall(r"`([^`]+)`", codes):
            assert not status.strip() or int(status) == statuses[code]


def test_every_setting_is_in_the_example_and_in_the_table():
    source = (ROOT / "chatsite" / "conf.py").read_text() + (ROOT / "chatsite" / "settings.py").read_text()
    read = set(
        re.findall(r'(?:text|folder|items|flag|origins|rate|whole|choice|kinds)\("([A-Z_]+)"', source)
    ) - {
        "DEBUG",
        "STATIC_DIR",
    }
    example = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    table = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs" / "operations.md").read_text()))
    assert read == example
    assert read <= table


def test_every_command_that_is_named_exists():
    from django.core.management import get_commands

    ours = set(re.findall(r"^\./run (\w+)", (ROOT / "run").read_text(), re.M))
    for document in [*DOCUMENTS, *GITHUB]:
        named = set(re.findall(r"\./run ((?:manage )?[a-z_]+)", document.read_text()))
        for command in named:
            first, _, second = command.partition(" ")
            assert first in ours, document
            assert not second or second in get_commands(), document
