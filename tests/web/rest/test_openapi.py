"""The API's description: what a generated client needs of it, and that the server answers as it says."""

import json
import uuid

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from accounts import services
from accounts.models import SiteSettings
from chatsite.web.rest import api_docs
from files.storage import local
from messaging import services as messages
from rooms.membership import invites, membership
from rooms.models import Membership

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(owner, member, private_room, make_person, upload):
    """The member moderates the room, wrote in it, and anybody may sign up."""
    for name in ("helper", "banned"):
        membership.grant(private_room, make_person(name))
    Membership.objects.filter(user=member).update(role="moderator")
    membership.ban(owner, "board", "banned")
    SiteSettings.objects.update_or_create(pk=1, defaults={"sign_up": SiteSettings.SignUp.OPEN})
    message = messages.send(member, "board", "hello", uuid.uuid4())[0]
    file = upload(member, private_room, previews={"small": [1, 1, 10]})
    local.path(file.blob.key, "small").write_bytes(bytes(10))
    return {
        "message": message.pk,
        "file": str(file.pk),
        "code": invites.make_room_invite(member, "board").invite.code,
    }


METHODS = {"get", "post", "put", "patch", "delete"}
NAMES = {
    *("list_rooms", "create_room", "get_room", "put_room", "update_room", "archive_room"),
    *("list_members", "add_member", "get_member", "put_member", "update_member", "remove_member"),
    *("get_read_position", "put_read_position", "mark_read", "list_receipts"),
    *("list_events", "list_bans", "ban_member", "lift_ban", "list_invites", "create_invite", "revoke_invite"),
    *("block_room", "unblock_room", "list_blocked_rooms", "block_user", "unblock_user", "list_blocked_users"),
    *("list_messages", "send_message", "get_message", "put_message", "edit_message", "delete_message"),
    *("list_reactions", "react", "unreact"),
    *("get_message_history", "remove_preview"),
    *("list_notifications", "count_unread_notifications", "read_notifications", "why_was_i_told"),
    *("get_notification_settings", "put_notification_settings", "update_notification_settings"),
    *(
        "upload_file",
        "get_file",
        "put_file",
        "describe_file",
        "delete_file",
        "download_file",
        "download_preview",
        "list_room_files",
    ),
    *("put_my_avatar", "delete_my_avatar", "get_avatar"),
    *("put_room_avatar", "delete_room_avatar", "get_room_avatar"),
    *("list_emoji", "add_emoji", "remove_emoji", "get_emoji_picture"),
    *("list_devices", "add_device", "get_device", "put_device", "update_device", "remove_device"),
    *("test_device", "get_push_key"),
    *("list_drafts", "get_draft", "put_draft", "delete_draft"),
    *("list_scheduled", "schedule_message", "get_scheduled", "put_scheduled", "change_scheduled"),
    *("cancel_scheduled", "send_scheduled"),
    *("list_reminders", "add_reminder", "get_reminder", "put_reminder", "change_reminder", "delete_reminder"),
    *("list_users", "sign_up", "get_user", "get_me", "put_me", "update_me"),
}
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
# Bytes have a type of their own, which no generator of clients would take in a description.
BYTES = {"download_file", "download_preview", "get_emoji_picture", "get_avatar", "get_room_avatar"}
# Requests of each operation. Nobody is refused before anything is looked at.
EXAMPLES = {"member": 5, "nobody": 2}
NAMED = {"room": "board", "username": "helper", "emoji": "👍"}
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
quietly = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def document():
    return json.loads(api_docs.schema_document("json"))


def operations():
    for path in document()["paths"].values():
        yield from (operation for method, operation in path.items() if method in METHODS)


def test_operations_have_names_that_a_person_would_choose():
    """A new one is written here, once somebody has looked at it."""
    assert [operation["operationId"] for operation in operations() if "summary" not in operation] == []
    assert {operation["operationId"] for operation in operations()} == NAMES


def test_bodies_are_json_or_have_a_file():
    kinds = {
        (each["operationId"] if kind != "application/json" else "", kind)
        for each in operations()
        if "requestBody" in each
        for kind in each["requestBody"]["content"]
    }
    with_files = ("upload_file", "put_my_avatar", "put_room_avatar", "add_emoji")
    assert kinds == {("", "application/json"), *((name, "multipart/form-data") for name in with_files)}


def test_every_error_is_declared_and_of_one_shape():
    for operation in operations():
        errors = {code: each for code, each in operation["responses"].items() if code >= "400"}
        assert set(errors) >= {"401", "406", "429", "500", "503"}
        assert ("415" in errors) == ("requestBody" in operation)
        shapes = {each["content"]["application/json"]["schema"]["$ref"] for each in errors.values()}
        assert shapes == {"#/components/schemas/Error"}


def test_what_a_client_must_know_of_bodies_and_answers():
    schemas, paths = document()["components"]["schemas"], document()["paths"]
    assert set(paths["/room"]["post"]["responses"]) >= {"200", "201"}
    assert schemas["MessageEdit"]["required"] == ["body"]
    edit = paths["/message/{id}"]["patch"]["requestBody"]
    assert (edit["required"], edit["content"]["application/json"]["schema"]["$ref"][-12:]) == (
        True,
        "/MessageEdit",
    )
    [named] = paths["/message/{id}"]["get"]["parameters"]
    assert named["schema"]["type"] == "integer"
    signup = schemas["SignUp"]["properties"]
    assert (signup["username"]["minLength"], signup["password"]["minLength"]) == (3, 8)
    assert schemas["RoomUpdate"]["properties"]["name"]["minLength"] == 1
    assert "minLength" not in schemas["RoomUpdate"]["properties"]["topic"]
    assert schemas["EventPage"]["properties"]["events"]["items"] == {"$ref": "#/components/schemas/Event"}
    assert schemas["BriefUser"]["properties"]["avatar"] == {"$ref": "#/components/schemas/Avatar"}


def test_no_docstring_is_told():
    assert [name for name, each in document()["components"]["schemas"].items()
            if each.get("type") == "object" and "description" in each] == []  # fmt: skip
    assert {o["operationId"] for o in operations() if "description" in o} == {
        "list_messages",
        "list_room_files",
        "get_message_history",
        "put_draft",
        "schedule_message",
    }


@pytest.mark.parametrize("path", ["/room", "/room/board/member", "/room/board/ban", "/room/board/invite", "/message",
                                  "/message?room=board", "/user", "/user/me/block", "/user/me/room-block",
                                  "/room/board/event", "/room/board/file", "/notification"])  # fmt: skip
def test_a_limit_beyond_the_bound_is_refused_alike(api, owner, private_room, path):
    join = "&" if "?" in path else "?"
    for limit in ("0", "-1", "501", "x", "", "9" * 50, "1.5", "٣"):
        answer = api(owner).get(f"{path}{join}limit={limit}")
        assert (answer.status_code, answer.data["code"]) == (400, "invalid"), limit
        assert "limit" in answer.data["fields"]
    assert len(api(owner).get(f"{path}{join}limit=200").data) >= 3


@pytest.mark.parametrize("cursor", ["x", "cD14", "cD0lMDA", "é"])
@pytest.mark.parametrize("path", ["/room/board/member", "/user", "/user/me/block"])
def test_a_bad_cursor_is_refused_alike(api, owner, private_room, path, cursor):
    answer = api(owner).get(path, {"cursor": cursor})
    assert (answer.status_code, answer.data["code"]) == (400, "invalid")
    assert "cursor" in answer.data["fields"]


def test_an_edit_without_a_body_is_refused(api, owner, scene):
    answer = api(owner).patch(f"/message/{scene['message']}", {}, format="json")
    assert (answer.status_code, list(answer.data["fields"])) == (400, ["body"])


def known(case, scene):
    """Puts what there is into a request that was made up."""
    there = {
        "slug": "board",
        "username": "helper",
        "id": scene["message"],
        "code": scene["code"],
        "emoji": "👍",
        "preview": scene.get("preview", 1),
        "file": scene["file"],
        "which": "small",
        # Of an emoji of the site's own; a file is served by any name.
        "name": "lathe",
        "version": "0" * 32,
        "size": "48",
    }
    for name in case.path_parameters or {}:
        case.path_parameters[name] = there[name]
    for place in (case.query, case.body):
        if isinstance(place, dict) and "password" not in place:
            place.update({name: word for name, word in NAMED.items() if name in place})


def asking(operation, headers, scene, asked, most):
    """A test of one operation, by requests that keep to the description and some that don't."""
    named = operation.definition.raw["operationId"]
    wanted = [check for check in CHECKS if named not in BYTES or check is not checks.content_type_conformance]
    kinds = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in MODES))

    @settings(quietly, max_examples=most)
    @given(case=kinds, there=st.booleans())
    def ask(case, there):
        if there:
            known(case, scene)
        asked.append(case.call_and_validate(headers=headers, checks=wanted).status_code)

    return ask


@pytest.mark.parametrize("role", ["member", "nobody"])
def test_answers_are_as_described(scene, member, role):
    headers = {"Authorization": f"Bearer {services.make_token(member, 'bot')[1]}"} if role == "member" else {}
    schema, asked = schemathesis.openapi.from_dict(document()), []
    schema.app = get_wsgi_application()
    for operation in schema.get_all_operations():
        # What one operation did is not there for the next.
        with transaction.atomic():
            asking(operation.ok(), headers, scene, asked, EXAMPLES[role])()
            transaction.set_rollback(True)
    assert len(asked) >= len(NAMES) * EXAMPLES[role] / 2
    assert set(asked) >= ({200, 201, 204, 400, 403, 404} if role == "member" else {401})
