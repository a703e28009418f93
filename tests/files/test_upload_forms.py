"""Uploads of pages: by the scripts' request with a session, words for a picture, and the composer's form without scripts."""

import io
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from files.models import File
from messaging import services as messages
from messaging.models import Message
from rooms import services as rooms

pytestmark = pytest.mark.django_db
FORM = "/chat/board"


def picture(name="a.png"):
    found = io.BytesIO()
    Image.new("RGB", (80, 60), (200, 120, 40)).save(found, "PNG")
    return SimpleUploadedFile(name, found.getvalue())


def text(name="notes.txt"):
    return SimpleUploadedFile(name, b"first line\nsecond line\n")


@pytest.fixture
def signed_in(member, private_room, uploads):
    """A browser of the member's that the site doesn't trust without the page's token."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    client.get(FORM)
    return client


def token(client):
    return client.cookies["csrftoken"].value


def fields(client, **more):
    return {"csrfmiddlewaretoken": token(client), "client_id": str(uuid.uuid4()), **more}


def test_a_page_uploads_with_its_session_and_token_alone(signed_in, member):
    data = {"room": "board", "client_id": str(uuid.uuid4()), "file": text()}
    assert signed_in.post("/file", data).status_code == 403
    made = signed_in.post("/file", {**data, "file": text()}, headers={"X-CSRFToken": token(signed_in)})
    assert (made.status_code, made.json()["name"]) == (201, "notes.txt")
    again = signed_in.post("/file", {**data, "file": text()}, headers={"X-CSRFToken": token(signed_in)})
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    assert File.objects.count() == 1


def test_words_for_a_picture_are_its_owners_until_a_message_has_it(
    api, owner, member, stranger, private_room, upload
):
    file = upload(member, private_room)
    door = f"/file/{file.pk}"
    assert api(member).patch(door, {"alt": "a lathe"}, format="json").data["alt"] == "a lathe"
    for who in (owner, stranger):
        assert api(who).patch(door, {"alt": "mine"}, format="json").status_code == 404
    for wrong in ({}, {"alt": 5}, {"alt": "x" * 1001}, {"alt": "x", "name": "y"}):
        assert api(member).patch(door, wrong, format="json").status_code == 400
    messages.send(member, "board", "", uuid.uuid4(), files=[file.pk])
    assert api(member).patch(door, {"alt": "late"}, format="json").status_code == 403
    assert api(owner).patch(door, {"alt": "late"}, format="json").status_code == 403
    assert File.objects.get().alt == "a lathe"


def test_the_form_sends_files_with_and_without_a_text_and_a_repeat_once(signed_in, member):
    wanted = fields(signed_in, body="")
    for _ in range(2):
        answer = signed_in.post(FORM, {**wanted, "files": [picture(), text()]})
        assert answer.url.endswith("?latest=1#latest")
    message = Message.objects.get()
    assert (message.body, [file["name"] for file in message.files]) == ("", ["a.png", "notes.txt"])
    assert File.objects.filter(message=message).count() == File.objects.count() == 2
    page = signed_in.get(FORM).text
    assert ("picture-image" in page, "first line" in page) == (True, True)
    signed_in.post(FORM, {**fields(signed_in, body="with words"), "files": [text("b.txt")]})
    assert Message.objects.latest("pk").body == "with words"


def test_a_refused_file_keeps_the_text_and_says_why(signed_in, owner, settings):
    settings.FILE_KINDS = frozenset({"picture"})
    answer = signed_in.post(FORM, {**fields(signed_in, body="my long words"), "files": [picture(), text()]})
    assert answer.status_code == 415
    assert ("my long words</textarea>" in answer.text, "This site takes files" in answer.text) == (True, True)
    assert Message.objects.count() == 0
    empty = signed_in.post(FORM, fields(signed_in, body=""))
    assert (empty.status_code, Message.objects.count()) == (400, 0)
    rooms.set_archived(owner, "board", True)
    assert (
        signed_in.post(FORM, {**fields(signed_in, body="x"), "files": [picture("c.png")]}).status_code == 409
    )


def test_another_site_cannot_send_for_somebody(signed_in, client_of, stranger):
    answer = signed_in.post(FORM, {"body": "x", "client_id": str(uuid.uuid4()), "files": [text()]})
    assert (answer.status_code, answer.templates[0].name) == (403, "403_csrf.html")
    plain = signed_in.post(FORM, "body=x", content_type="application/x-www-form-urlencoded")
    assert plain.status_code == 403
    assert client_of(stranger).post(FORM, {"body": "x", "files": [text()]}).status_code == 404
    assert (Message.objects.count(), File.objects.count()) == (0, 0)
