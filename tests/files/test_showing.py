"""Files below messages: one markup of the server's and the scripts', in every place that shows a message."""

import json
import re
import uuid

import pytest
from django.template.loader import render_to_string

from files.showing import BLANK, file_views, size_in_words
from messaging import services as messages
from messaging.payloads import gist, message_payload
from messaging.private_reading import redact
from tests.support import ROOT
from tests.support.carried_files import file_of, said_with

CASES = json.loads((ROOT / "tests" / "js" / "file_views.json").read_text())
IMAGE = re.compile(r"<img[^>]*picture-image[^>]*>")


@pytest.mark.parametrize("case", CASES["views"], ids=lambda case: case["name"])
def test_the_server_and_the_scripts_show_the_same(case):
    assert file_views(case["files"]) == case["views"]


@pytest.mark.parametrize(("size", "words"), CASES["sizes"])
def test_a_size_is_said_in_words(size, words):
    assert size_in_words(size) == words


@pytest.fixture
def gallery(db, owner, private_room):
    files = [file_of(owner, private_room, f"p{n}.jpg", "picture", alt="a <lathe>") for n in range(6)]
    others = [
        file_of(owner, private_room, f"x.{kind}", kind) for kind in ("video", "audio", "text", "document")
    ]
    return said_with(owner, private_room, *files, *others)


def log_of(page):
    return page.partition('<template id="message-template"')[0]


def test_a_message_without_text_shows_its_files_with_their_sizes(client_of, member, gallery):
    page = log_of(client_of(member).get("/chat/board").text)
    images = IMAGE.findall(page)
    assert len(images) == 6
    for image in images:
        assert 'width="360" height="270"' in image
        assert 'alt="a &lt;lathe&gt;"' in image
        assert re.search(r'srcset="/file/[^ ]+/preview/small 720w, /file/[^ ]+/preview/large 1440w"', image)
    assert "+2</span>" in page
    assert 'style="' not in page.partition('class="files"')[2]
    video = re.search(r"<video[^>]*>", page)[0]
    assert ('width="360"' in video, 'height="203"' in video, 'preload="metadata"' in video) == (True,) * 3
    assert re.search(r"<audio[^>]*preload=\"?metadata", page)
    assert "if &lt;b&gt;</code>" in page
    assert ("402 KB" in page, "1:15 · 402 KB" in page, "1:02:05 · 402 KB" in page) == (True,) * 3
    assert "DOCU" not in page


def test_a_script_has_one_of_each_form_to_fill_in():
    markup = render_to_string("files/_files.html", {"files": BLANK})
    assert {*re.findall(r'data-form="(\w+)"', markup)} == {"film", "sound", "text", "card"}
    assert ("data-animated" in markup, 'data-part="more"' in markup) == (True, True)


def test_it_is_quoted_searched_and_listed_by_its_files(client_of, owner, member, private_room, gallery):
    answer = messages.send(member, "board", "nice", uuid.uuid4(), reply_to=gallery.pk)[0]
    assert message_payload(answer)["reply_to"]["body"] == "p0.jpg"
    said_with(owner, private_room, file_of(owner, private_room, "plan.pdf"), body="the plan at last")
    client = client_of(member)
    page = log_of(client.get("/chat/board").text)
    assert "p0.jpg</bdi>" in page
    found = client.get("/search?q=plan").text
    assert ("file-card" in found, "plan.pdf" in found) == (True, True)
    assert "plan.pdf" in client.get("/catch-up").text
    messages.delete(owner, gallery.pk)
    page = log_of(client.get("/chat/board").text)
    assert ("p0.jpg" in page, "message deleted" in page) == (False, True)


def test_moderators_see_names_only_where_they_may_read(owner, member, private_room, make_person):
    said = said_with(owner, private_room, file_of(owner, private_room, "secret.pdf"))
    boss = make_person("boss")
    boss.is_staff = boss.is_superuser = True
    boss.save()
    redact([said], boss)
    assert gist(said) == ""


def test_the_administration_names_the_files_of_a_public_message(client_of, owner, public_room, make_person):
    said = said_with(owner, public_room, file_of(owner, public_room, "plan.pdf"))
    boss = make_person("boss")
    boss.is_staff = boss.is_superuser = True
    boss.save()
    page = client_of(boss).get(f"/admin/messaging/message/{said.pk}/change/").text
    assert ("plan.pdf" in page, "gone for good" in page) == (True, False)
    assert "plan.pdf" in client_of(boss).get("/admin/messaging/message/").text
