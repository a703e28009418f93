"""Reactions on pages: what is shown to whom, and the form that works without scripts."""

import json
import re
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from chatsite.contract.emoji import COMMON
from messaging import services as messages
from messaging.models import Reaction
from messaging.reactions.sentences import by_whom
from messaging.reactions.services import MAX_NAMED, react
from messaging.views import room as room_page
from rooms import services as rooms
from rooms.membership import blocks, membership
from rooms.models import Membership
from tests.support import ROOT

pytestmark = pytest.mark.django_db

CASES = json.loads((ROOT / "tests" / "js" / "reaction_sentences.json").read_text())
BUTTON = re.compile(r"<button class=\"?reaction\"?[^>]*>")


@pytest.fixture
def message(owner, private_room):
    return messages.send(owner, private_room.slug, "hello", uuid.uuid4())[0]


@pytest.fixture
def door(message):
    return f"/chat/board/message/{message.pk}/reaction"


def chips(client, path="/chat/board"):
    """Attributes of each reaction's button below the messages of a page, by its emoji; not of a script's template."""
    page = client.get(path).text.partition('<template id="message-template"')[0]
    found = [dict(re.findall(r'([a-z-]+)="([^"]*)"', button)) for button in BUTTON.findall(page)]
    return {button["value"]: button for button in found if "aria-pressed" in button}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["by"])
def test_a_sentence_says_who_reacted(case):
    assert by_whom(case["names"], case["count"]) == case["by"]


def test_a_page_shows_who_reacted_and_which_is_mine(client_of, owner, member, message, door):
    assert chips(client_of(member)) == {}
    react(owner, message.pk, "👍")
    react(member, message.pk, "👍")
    react(owner, message.pk, "🎉")
    accounts.update_profile(owner, display_name="Ada <b>")
    thumb, popper = chips(client_of(member)).values()
    assert (thumb["aria-pressed"], popper["aria-pressed"]) == ("true", "false")
    assert thumb["aria-label"] == "👍 by Ada &lt;b&gt; and member; press to take yours back"
    assert popper["aria-label"] == "🎉 by Ada &lt;b&gt;; press to add yours"
    assert (thumb["data-users"], thumb["formaction"], thumb["form"]) == (
        "owner member",
        door,
        "reaction-form",
    )
    assert popper["title"] == "Ada &lt;b&gt;"


def test_the_form_puts_it_there_and_takes_it_back(client_of, owner, member, message, door):
    client = client_of(member)
    for left in (1, 0):
        answer = client.post(door, {"emoji": "❤"})
        assert answer.url == f"/chat/board/message/{message.pk}#message-{message.pk}"
        assert list(Reaction.objects.values_list("emoji", "user__username")) == [("❤️", "member")] * left


@pytest.mark.parametrize("emoji", [None, "", "thumbs", "👍👍", "\0", ":party:", "x" * 5000])
def test_what_is_no_emoji_is_refused_with_a_word(client_of, member, door, emoji):
    refused = client_of(member).post(door, {} if emoji is None else {"emoji": emoji})
    assert (refused.status_code, Reaction.objects.count()) == (400, 0)
    assert "emoji" in refused.text


def test_who_may_not_is_refused_and_a_room_that_is_none_looks_alike(
    client_of, client, owner, member, stranger, message, door
):
    post = {"emoji": "👍"}
    assert client.post(door, post).url.startswith("/login")
    hidden, missing, elsewhere = (
        client_of(stranger).post(path, post)
        for path in (
            door,
            "/chat/board/message/99999/reaction",
            f"/chat/general/message/{message.pk}/reaction",
        )
    )
    assert [answer.status_code for answer in (hidden, missing, elsewhere)] == [404, 404, 404]
    assert hidden.context["detail"] == missing.context["detail"] == elsewhere.context["detail"]
    assert client_of(owner).post(f"/chat/general/message/{message.pk}/reaction", post).status_code == 404
    assert client_of(member).get(door).status_code == 405
    Membership.objects.filter(user=member).update(muted=True)
    assert client_of(member).post(door, post).status_code == 403
    rooms.set_archived(owner, "board", True)
    assert client_of(owner).post(door, post).status_code == 409
    assert Reaction.objects.count() == 0


def test_another_site_cannot_react_for_somebody(member, door):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    assert client.post(door, {"emoji": "👍"}).status_code == 403
    assert Reaction.objects.count() == 0


def mute(owner, member):
    Membership.objects.filter(user=member).update(muted=True)


def archive(owner, member):
    rooms.set_archived(owner, "board", True)


def test_in_an_archived_room_reactions_are_shown_and_cannot_be_pressed(client_of, owner, member, message):
    react(member, message.pk, "👍")
    archive(owner, member)
    [chip] = chips(client_of(member)).values()
    assert (chip["aria-disabled"], chip["type"], chip["aria-pressed"]) == ("true", "button", "true")
    assert chip["aria-label"] == "👍 by member"
    page = client_of(member).get(f"/chat/board/message/{message.pk}").text
    assert f"/{message.pk}/reaction" not in page
    assert "reaction-form" not in page


def test_who_is_muted_takes_theirs_back_and_adds_none(client_of, owner, member, message, door):
    react(member, message.pk, "👍")
    react(owner, message.pk, "🎉")
    mute(owner, member)
    client = client_of(member)
    mine, other = (chips(client)[emoji] for emoji in ("👍", "🎉"))
    assert (mine["type"], mine["formaction"], mine["form"]) == ("submit", door, "reaction-form")
    assert mine["aria-label"] == "👍 by member; press to take yours back"
    assert (other["aria-disabled"], other["type"], other["aria-label"]) == ("true", "button", "🎉 by owner")
    page = client.get(f"/chat/board/message/{message.pk}").text
    assert 'id="reaction-form"' in page
    assert "data-may-add" not in page
    assert 'class="reactions unscripted"' not in page
    assert client.post(door, {"emoji": "🎉"}).status_code == 403
    assert client.post(door, {"emoji": "👍"}).status_code == 302
    assert [*Reaction.objects.values_list("emoji", flat=True)] == ["🎉"]


def test_from_outside_none_and_in_a_blocked_direct_room_ones_own(
    client_of, owner, member, stranger, public_room, make_person
):
    said = messages.send(owner, "lobby", "hello", uuid.uuid4())[0]
    react(owner, said.pk, "👍")
    assert chips(client_of(stranger), "/chat/lobby")["👍"]["aria-disabled"] == "true"
    direct, _ = rooms.open_direct(owner, ["member"])
    said = messages.send(owner, direct.slug, "hello", uuid.uuid4())[0]
    react(member, said.pk, "👍")
    react(owner, said.pk, "🎉")
    blocks.block_person(member, "owner")
    shown = chips(client_of(member), f"/chat/{direct.slug}")
    assert [shown[emoji].get("aria-disabled") for emoji in ("👍", "🎉")] == [None, "true"]


def test_catch_up_shows_them_and_asks_nothing_of_them(client_of, owner, member, message):
    react(owner, message.pk, "👍")
    assert chips(client_of(member), "/catch-up")["👍"]["aria-disabled"] == "true"


def test_the_page_of_one_message_offers_common_ones_to_browsers_without_scripts(
    client_of, owner, member, message, door
):
    messages.send(owner, "board", "another", uuid.uuid4())
    react(owner, message.pk, COMMON[0])
    page = client_of(member).get(f"/chat/board/message/{message.pk}").text
    offered = re.findall(rf'formaction="{door}" name="emoji" value="([^"]+)"><span', page)
    assert offered == list(COMMON[1:])
    assert 'value="🎉"' not in client_of(member).get("/chat/board").text
    messages.delete(owner, message.pk)
    assert 'value="🎉"' not in client_of(member).get(f"/chat/board/message/{message.pk}").text


def test_who_is_not_named_any_more_has_theirs_marked_by_one_query(
    client_of, owner, member, message, private_room, make_person
):
    client = client_of(member)
    others = [messages.send(owner, "board", f"m{number}", uuid.uuid4())[0] for number in range(3)]
    crowd = [make_person(f"person{number:02}") for number in range(MAX_NAMED)]
    for person in crowd:
        membership.grant(private_room, person)
    before = queries(client)
    for said in (message, others[0]):
        for person in crowd:
            react(person, said.pk, "👍")
    assert queries(client) == before
    react(member, message.pk, "👍")
    react(owner, others[0].pk, "👍")
    assert queries(client) == before + 1
    page = client.get("/chat/board").text
    assert re.findall(r'name="emoji" value="👍" aria-pressed="(\w+)"', page) == ["true", "false"]
    assert f"👍 by {crowd[0].username}, {crowd[1].username} and {MAX_NAMED - 1} others" in page


def queries(client):
    """The number of queries of the room's page, the second time: caches are filled."""
    client.get("/chat/board")
    with CaptureQueriesContext(connection) as captured:
        client.get("/chat/board")
    return len(captured)


def test_rest_lists_those_of_one_person(api, owner, member, message):
    react(owner, message.pk, "👍")
    react(member, message.pk, "🎉")
    path = f"/message/{message.pk}/reaction"
    told = [one["emoji"] for one in api(owner).get(path, {"user": "member"}).data["results"]]
    assert told == ["🎉"]
    for nobody in ("nobody", "\0", "MEMBER\u212a", "x" * 500):
        assert api(owner).get(path, {"user": nobody}).data["results"] == []


def test_a_page_has_so_many_and_older_messages_follow(client_of, owner, private_room, monkeypatch):
    """Twenty under each of fifty messages made every view of the page six times as dear."""
    monkeypatch.setattr(room_page, "MAX_REACTIONS", 10)
    said = [messages.send(owner, private_room.slug, f"number {n}", uuid.uuid4())[0] for n in range(5)]
    for message in said:
        for emoji in COMMON[:4]:
            react(owner, message.pk, emoji)
    client = client_of(owner)

    def shown(query):
        page = client.get(f"/chat/board{query}").text
        numbers = [n for n in range(5) if f"number {n}<" in page]
        return numbers, "Older messages" in visible(page)

    assert shown("?latest=1") == ([3, 4], True)
    assert shown(f"?before={said[3].seq}") == ([1, 2], True)
    assert shown(f"?before={said[1].seq}") == ([0], False)
    assert shown(f"?after={said[0].seq}")[0] == [1, 2]
    # Also one that has too many alone.
    monkeypatch.setattr(room_page, "MAX_REACTIONS", 1)
    assert shown("?latest=1") == ([4], True)
    assert "number 2<" in client.get(f"/chat/board/message/{said[2].pk}").text


def visible(page):
    """The page without what is hidden."""
    return re.sub(r"<a [^>]*data-part=\"?older\"? hidden>.*?</a>", "", page)
