"""The texts that a message had: kept by each edit, read by whoever may read the message, and gone when it is deleted."""

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import SiteSettings, User
from messaging import edit_history, private_reading, services
from messaging.differences import MAX_PAIRS, Comparison, Part
from messaging.models import Message, MessageText
from rooms import services as rooms
from rooms.log.log import PAGE_BYTES
from rooms.membership import membership

pytestmark = pytest.mark.django_db
SETTINGS = "/admin/accounts/sitesettings/1/change/"
REMOVAL = "/admin/messaging/message/texts/"


@pytest.fixture
def message(member, private_room):
    return services.send(member, private_room.slug, "the kiln is at 700", uuid.uuid4())[0]


@pytest.fixture
def edited(member, message):
    for body in ("the **kiln** is at 800", "the **kiln** is at 900, @owner"):
        services.edit(member, message.pk, body)
    return Message.objects.get(pk=message.pk)


@pytest.fixture
def kept_off(db):
    SiteSettings.load()
    SiteSettings.objects.update(keep_edits=False)


@pytest.fixture
def texts(api):
    def texts(user, message):
        answer = api(user).get(f"/message/{message.pk}/history")
        return [text["body"] for text in answer.data["results"]] if answer.status_code == 200 else answer

    return texts


def boss(client, **ranks):
    user = User.objects.create_user("boss", is_staff=True, **ranks)
    client.force_login(user)
    return user


def address(message):
    return f"/chat/{message.room.slug}/message/{message.pk}/history"


def change_page(message):
    return f"/admin/messaging/message/{message.pk}/change/"


@pytest.mark.parametrize("door", ["/message/{0.pk}/history", "/chat/{0.room.slug}/message/{0.pk}/history"])
@pytest.mark.parametrize("meanwhile", ["deleted", "removed"])
def test_who_may_no_longer_at_the_end_gets_nothing(
    client_of, monkeypatch, edited, owner, make_person, door, meanwhile
):
    reader = make_person("reader")
    membership.grant(edited.room, reader)
    read = edit_history.texts_of

    def slowly(*asked):
        found = read(*asked)
        if meanwhile == "deleted":
            services.delete(edited.sender, edited.pk)
        else:
            membership.remove_member(owner, edited.room.slug, reader.username)
        return found

    monkeypatch.setattr(edit_history, "texts_of", slowly)
    answer = client_of(reader).get(door.format(edited))
    assert answer.status_code == 404
    assert "kiln" not in answer.text


def test_the_version_before_makes_the_settings_too(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_sitesettings (id, name, sign_up, inviters) VALUES (1, 'x', 'invite', 'moderators')"
        )
    assert SiteSettings.load().keep_edits


def test_each_text_has_its_html_and_its_time(api, edited, owner):
    answer = api(owner).get(f"/message/{edited.pk}/history/")
    now, second, first = answer.data["results"]
    assert (set(answer.data), answer.data["next"]) == ({"next", "previous", "results"}, None)
    assert set(now) == {"body", "html", "at"}
    assert (now["body"], now["html"]) == (edited.body, edited.html)
    assert second["html"] == "<p>the <strong>kiln</strong> is at 800</p>"
    assert first == {
        "body": "the kiln is at 700",
        "html": "<p>the kiln is at 700</p>",
        "at": api(owner).get(f"/message/{edited.pk}").data["created_at"],
    }
    assert first["at"] <= second["at"] <= now["at"]
    assert now["at"] == api(owner).get(f"/message/{edited.pk}").data["edited_at"]


def test_one_that_was_never_edited_has_one(texts, message, owner):
    assert texts(owner, message) == ["the kiln is at 700"]


def test_who_may_not_read_it_finds_nothing(api, client, edited, stranger, make_person, private_room):
    missing = api(stranger).get("/message/999999/history")
    membership.grant(private_room, banned := make_person("banned"))
    assert api(banned).get(f"/message/{edited.pk}/history").status_code == 200
    membership.ban(User.objects.get(username="owner"), "board", "banned")
    for who in (stranger, banned):
        answer = api(who).get(f"/message/{edited.pk}/history")
        assert (answer.status_code, answer.data) == (404, missing.data)
        client.force_login(who)
        assert client.get(address(edited)).status_code == 404
    assert api(None).get(f"/message/{edited.pk}/history").status_code == 401
    client.logout()
    assert client.get(address(edited)).url.startswith("/login")


def test_nor_does_a_moderator_of_the_site_outside_the_administration(api, client, edited):
    assert api(boss(client, is_superuser=True)).get(f"/message/{edited.pk}/history").status_code == 404


def test_an_archived_room_s_can_be_read_and_a_direct_one_s_by_its_two(texts, owner, member, stranger, edited):
    rooms.set_archived(owner, "board", True)
    assert len(texts(owner, edited)) == 3
    direct = rooms.open_direct(owner, ["member"])[0]
    said = services.send(owner, direct.slug, "one", uuid.uuid4())[0]
    services.edit(owner, said.pk, "two")
    assert texts(member, said) == ["two", "one"]
    assert texts(stranger, said).status_code == 404


def test_a_public_room_s_are_everybody_s_but_not_those_of_the_banned(
    texts, public_room, owner, member, stranger
):
    said = services.send(member, public_room.slug, "one", uuid.uuid4())[0]
    services.edit(member, said.pk, "two")
    assert texts(stranger, said) == ["two", "one"]
    membership.ban(owner, public_room.slug, "stranger")
    assert texts(stranger, said).status_code == 404


@pytest.mark.parametrize("pk", ["x", "0", "9" * 40])
def test_an_id_that_is_none_is_not_found(api, member, pk):
    assert api(member).get(f"/message/{pk}/history").status_code == 404


@pytest.mark.parametrize("by", ["member", "owner"])
def test_a_deleted_message_has_none_and_none_is_left(texts, api, edited, owner, member, by):
    services.delete({"member": member, "owner": owner}[by], edited.pk)
    assert texts(member, edited) == []
    assert not MessageText.objects.exists()


def test_a_hidden_one_has_none_and_its_moderators_have_them(
    texts, client, edited, member, owner, public_room
):
    said = services.send(member, public_room.slug, "said in anger", uuid.uuid4())[0]
    services.edit(member, said.pk, "said with care")
    services.hide(said, owner)
    assert texts(member, said) == texts(owner, said) == []
    client.force_login(member)
    assert "anger" not in client.get(address(said)).text
    boss(client)
    assert "said in anger" in client.get(change_page(said)).text
    services.restore(said, owner)
    assert texts(member, said) == ["said with care", "said in anger"]


@pytest.mark.parametrize("ranks", [{}, {"is_superuser": True}], ids=["moderator", "administrator"])
def test_moderators_read_private_ones_after_a_reason(client, edited, private_room, ranks):
    moderator = boss(client, **ranks)
    services.hide(edited, moderator)
    assert "at 700" not in client.get(change_page(edited)).text
    private_reading.give_reason(moderator, private_room, "Reported by the member")
    shown = client.get(change_page(edited)).text
    assert shown.index("at 800") < shown.index("at 700")


def test_an_edit_that_changes_nothing_keeps_nothing(texts, edited, member):
    for _ in range(2):
        services.edit(member, edited.pk, edited.body)
    assert len(texts(member, edited)) == 3


def test_an_edit_that_was_refused_keeps_nothing(edited, member, private_room, monkeypatch):
    def broken(*arguments):
        raise RuntimeError

    monkeypatch.setattr(services, "record", broken)
    with pytest.raises(RuntimeError):
        services.edit(member, edited.pk, "never")
    assert MessageText.objects.count() == 2
    assert Message.objects.get(pk=edited.pk).body == edited.body


def statements(act):
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured]


def test_it_costs_an_edit_one_statement_and_a_send_none(message, member, private_room, monkeypatch):
    kept = statements(lambda: services.edit(member, message.pk, "one"))
    own = [statement for statement in kept if "messagetext" in statement]
    assert len(own) == 1
    assert own[0].startswith("INSERT")
    monkeypatch.setattr(edit_history, "keep", lambda message: None)
    assert len(statements(lambda: services.edit(member, message.pk, "two"))) == len(kept) - 1
    sent = statements(lambda: services.send(member, private_room.slug, "plain", uuid.uuid4()))
    assert not [statement for statement in sent if "messagetext" in statement or "sitesettings" in statement]


def test_of_too_many_the_first_and_the_newest_stay(texts, message, member, monkeypatch):
    monkeypatch.setattr(edit_history, "MAX_TEXTS", 3)
    for n in range(6):
        services.edit(member, message.pk, f"text {n}")
    assert texts(member, message) == ["text 5", "text 4", "text 3", "the kiln is at 700"]


def test_none_is_kept_or_shown_where_the_site_does_not(texts, client, edited, member, owner, kept_off):
    services.edit(member, edited.pk, "the newest")
    assert texts(owner, edited) == ["the newest"]
    client.force_login(member)
    assert "at 700" not in (page := client.get(address(edited)).text)
    assert "weren&#x27;t kept" in page or "weren't kept" in page
    assert MessageText.objects.count() == 2
    SiteSettings.objects.update(keep_edits=True)
    assert texts(owner, edited) == ["the newest", "the **kiln** is at 800", "the kiln is at 700"]


def test_an_administrator_removes_what_is_still_stored(client, edited, kept_off, monkeypatch):
    monkeypatch.setattr(edit_history, "ROWS_PER_DELETE", 1)
    boss(client, is_superuser=True)
    assert REMOVAL in client.get(SETTINGS).text
    assert "Remove 2 earlier texts" in client.get(REMOVAL).text
    assert client.post(REMOVAL, follow=True).status_code == 200
    assert not MessageText.objects.exists()
    assert REMOVAL not in client.get(SETTINGS).text
    assert "No earlier text" in client.get(REMOVAL).text
    assert Message.objects.get(pk=edited.pk).body == edited.body


def test_what_is_kept_is_not_removed_by_an_old_page(client, edited):
    boss(client, is_superuser=True)
    assert REMOVAL not in client.get(SETTINGS).text
    assert "2 earlier texts so far" in client.get(REMOVAL).text
    client.post(REMOVAL)
    assert MessageText.objects.count() == 2


@pytest.mark.parametrize("who", ["moderator", "member"])
def test_nobody_else_removes_them(client, edited, member, kept_off, who):
    if who == "member":
        client.force_login(member)
    else:
        boss(client)
    for answer in (client.get(REMOVAL), client.post(REMOVAL)):
        assert answer.status_code in (302, 403)
    assert MessageText.objects.count() == 2


def test_a_long_history_comes_in_pages_that_are_rendered_in_turns(
    api, client_of, message, member, monkeypatch
):
    """Each turn looks its own names up: those of a hundred texts are more than a statement takes."""
    turns, read = [], edit_history.read_queue.wait
    monkeypatch.setattr(
        edit_history.read_queue, "wait", lambda who, step: turns.append(who) or read(who, step)
    )
    names = " ".join(f"@{n:03}" for n in range(1200))
    MessageText.objects.bulk_create(
        MessageText(message=message, number=n, body=f"**{n}** {names}", at=message.created_at)
        for n in range(1, 41)
    )
    Message.objects.filter(pk=message.pk).update(edited_at=message.created_at)
    door, pages = f"/message/{message.pk}/history", []
    while door:
        answer = api(member).get(door)
        assert len(answer.content) < PAGE_BYTES + 100_000
        pages.append(answer.data["results"])
        door = answer.data["next"]
    texts = [text for page in pages for text in page]
    assert [text["html"][:20] for text in texts[1:]] == [
        f"<p><strong>{n}</strong>"[:20] for n in range(40, 0, -1)
    ]
    assert 2 < len(pages) < 20
    assert len(pages[0]) > 2
    assert turns.count(member.pk) > 40
    shown = client_of(member).get(address(message)).text
    assert len(shown) < 3 * PAGE_BYTES
    [further] = re.findall(r'history\?before=(\d+)"', shown)
    older = client_of(member).get(f"{address(message)}?before={further}").text
    assert older.count('class="version"') > 5
    assert "Now" not in older.partition('class="versions"')[2]


def test_a_page_of_long_texts_ends_by_their_size(api, message, member):
    MessageText.objects.bulk_create(
        MessageText(message=message, number=n, body="x" * 9900, at=message.created_at) for n in range(1, 17)
    )
    Message.objects.filter(pk=message.pk).update(edited_at=message.created_at)
    answer = api(member).get(f"/message/{message.pk}/history")
    assert len(answer.data["results"]) == 1 + PAGE_BYTES // 20_000
    rest = api(member).get(answer.data["next"])
    assert (len(rest.data["results"]), rest.data["next"]) == (16 - PAGE_BYTES // 20_000, None)


@pytest.mark.parametrize("before", ["x", "-1", "1.5", str(2**31)])
def test_a_made_up_place_is_refused(api, edited, owner, before):
    refused = api(owner).get(f"/message/{edited.pk}/history", {"before": before})
    assert (refused.status_code, list(refused.data["fields"])) == (400, ["before"])


def test_the_page_shows_what_each_edit_changed(client, edited, owner, member):
    client.force_login(owner)
    page = client.get(address(edited)).text
    assert "the <del>kiln</del> <ins>**kiln**</ins> is at <del>700</del> <ins>800</ins>" in page
    assert "As it was sent" in page
    part = client.get(f"{address(edited)}?part").text
    assert "<html" not in part
    assert part.count("<li") == 3
    assert client.get(address(edited).replace("board", "general")).status_code == 404
    assert address(edited) in client.get("/chat/board").text
    services.edit(member, edited.pk, "<script>alert(1)</script>")
    assert "<script>alert" not in client.get(address(edited)).text
    services.delete(member, edited.pk)
    assert "nothing left to read" in client.get(address(edited)).text
    assert address(edited) not in client.get("/chat/board").text


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ("a b c", "a x c", [("", "a "), ("removed", "b"), ("", " "), ("added", "x"), ("", " "), ("", "c")]),
        (
            "a b\n\nc",
            "a x\n\nc",
            [("", "a "), ("removed", "b"), ("", " "), ("added", "x"), ("", "\n\n"), ("", "c")],
        ),
        ("one", "one two", [("", "one "), ("added", "two")]),
        ("one two", "one", [("", "one"), ("", " "), ("removed", "two")]),
        ("火曜日に", "水曜日に", [("removed", "火"), ("added", "水"), ("", "曜日に")]),
        ("same", "same ", [("", "same ")]),
    ],
)
def test_words_that_came_and_went(before, after, parts):
    assert Comparison().parts(before, after) == [Part(*part) for part in parts]


def test_texts_that_differ_too_much_have_no_marks():
    comparison, half = Comparison(), int(MAX_PAIRS**0.5)
    one, other = ("\n".join(f"{letter}{n}" for n in range(half)) for letter in "xy")
    assert comparison.parts(f"{one} and", f"{other} more") is None
    results = [comparison.parts(one, other) is not None for _ in range(12)]
    assert results == [True] * 10 + [False] * 2
    assert comparison.parts(one, f"{one} more")[-1] == Part("added", "more")


def test_long_texts_with_a_small_difference_have_marks():
    text = "word " * 1900
    assert Comparison().parts(f"{text}old {text}"[:10_000], f"{text}new {text}"[:10_000])
