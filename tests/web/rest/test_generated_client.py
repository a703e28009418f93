"""A client that openapi-python-client makes of the API's description does what a bot does."""

import importlib
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from django.core.wsgi import get_wsgi_application

from accounts import services
from chatsite.web.rest import api_docs

GENERATOR = Path(sys.executable).parent / "openapi-python-client"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The client's folder, to be imported from as `chat_client`. A warning, as of a body that it can't send, fails."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "schema.json").write_bytes(api_docs.schema_document("json"))
    (folder / "config.yaml").write_text("post_hooks: []")
    options = [
        "--meta",
        "none",
        "--output-path",
        "chat_client",
        "--fail-on-warning",
        "--config",
        "config.yaml",
    ]
    made = subprocess.run(
        [GENERATOR, "generate", "--path", "schema.json", *options], cwd=folder, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    yield "chat_client"
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == "chat_client"]:
        del sys.modules[name]


@pytest.fixture
def call(package, owner):
    """`call("room", "list_rooms", …)` is the typed answer, `call.models` has the types."""
    made = importlib.import_module(package)

    def client(token):
        transport = httpx.WSGITransport(app=get_wsgi_application())
        return made.AuthenticatedClient("http://testserver", token, httpx_args={"transport": transport})

    mine = client(services.make_token(owner, "bot")[1])

    def call(tag, name, *path, client=mine, **options):
        module = importlib.import_module(f"{package}.api.{tag}.{name}")
        return module.sync(*path, client=client, **options)

    call.models = importlib.import_module(f"{package}.models")
    call.client = client
    return call


def test_a_bots_day(call, owner, member):
    models = call.models
    assert call("user", "get_me").username == "owner"
    assert "general" in [room.slug for room in call("room", "list_rooms").results]

    room = call("room", "create_room", body=models.RoomCreate(name="Built by a bot", topic="Parts"))
    assert (room.slug, room.role, room.kind) == ("built-by-a-bot", "owner", "public")
    direct = models.RoomCreate(kind=models.RoomKind.DIRECT, members=["member"])
    [first, again] = [call("room", "create_room", body=direct) for _ in range(2)]
    assert (first.slug, first.people[0].avatar.initials) == (again.slug, "ME")

    sent = call("message", "send_message", body=models.MessageCreate(room=room.slug, body="**hello** 🙂"))
    read = call("message", "get_message", sent.id)
    assert (read.body, read.sender.username, read.id) == ("**hello** 🙂", "owner", sent.id)
    edited = call("message", "edit_message", sent.id, body=models.MessageEdit(body="goodbye"))
    assert (edited.body, edited.edited_at is not None) == ("goodbye", True)
    events = call("room", "list_events", room.slug).events
    assert {event.event for event in events} >= {"chat-message", "member-joined"}
    assert [event.data.seq for event in events] == list(range(1, len(events) + 1))
    call("message", "delete_message", sent.id)
    [tombstone] = call("message", "list_messages", room=room.slug).results
    assert (tombstone.id, tombstone.deleted, tombstone.body) == (sent.id, True, "")


def test_its_errors_are_typed(call, owner):
    models = call.models
    wrong = call("message", "send_message", body=models.MessageCreate(room="nowhere", body="x"))
    assert isinstance(wrong, models.Error)
    assert (wrong.code, bool(wrong.detail)) == ("not_found", True)
    empty = call("message", "send_message", body=models.MessageCreate(room="general", body=""))
    assert (empty.code, list(empty.fields.to_dict())) == ("invalid", ["body"])
    assert call("room", "list_rooms", client=call.client("wrong")).code == "unauthorized"
    assert call("room", "list_rooms", limit=201).code == "invalid"
