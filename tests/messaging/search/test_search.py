"""Search, the same on both databases: this runs on SQLite, and on PostgreSQL by
tests/database/test_apps_on_postgresql.py."""

import uuid

import pytest
from django.db import connection
from django.utils import timezone

from messaging import services
from messaging.models import Message
from messaging.search import Span, folded, postgresql, read, search
from messaging.search.folded import words_of
from rooms.membership import membership
from rooms.services import create_room

pytestmark = pytest.mark.django_db


@pytest.fixture
def say(private_room):
    def say(user, body, room=private_room):
        return services.send(user, room.slug, body, uuid.uuid4())[0]

    return say


def found(user, query, room=None):
    return [message.body for message in read(user, search(user, query, room), Span(50, room=room)).messages]


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ("The Blue lathe", "LATHE blue"),
        ("a keyboard", "board"),
        ("go home", "go"),
        ("100% sure", "100% %"),
        ("snake_case", "e_c"),
        ("back\\slash", "k\\s"),
        ('she said "no"', '"no"'),
        ("it's", "it's"),
        ("a'); DROP TABLE x; --", "drop '); --"),
        ("this & that | (not)", "& | (not)"),
        ("to:* be <-> !here", ":* <-> !here"),
        ("family 👩‍👩‍👧 here", "👩‍👩‍👧"),
        ("東京タワーに行く", "タワー"),
        ("東京タワーに行く", "東京"),
        ("Zum Äpfel essen", "äpfel"),
        ("ПРИВЕТ всем", "привет ВСЕМ"),
        ("foo-bar example.com/path", "bar example.com/pa"),
        ("tabs\tand\nlines", "lines tabs"),
        ("twice", "twice twice TWICE"),
        ("x" * 9_990 + " end", "end"),
        ("word " * 1_900, "word"),
        ("my re\u0301sume\u0301", "r\u00e9sum\u00e9"),
        ("my r\u00e9sum\u00e9", "re\u0301sume\u0301"),
        ("my r\u00e9sum\u00e9", "RESUME"),
        ("my resume", "R\u00c9SUM\u00c9"),
        ("K\u00d6LN is near", "koln"),
        ("koln is near", "K\u00f6ln"),
        ("I don\u2019t know", "don't"),
        ("I don't know", "don\u2019t"),
        ("\u201cquoted\u201d words", '"quoted" words'),
        ("a \u2014 b, e\u2011mail", "e-mail -"),
        ("\uff21\uff22\uff23\u3000\uff76\uff9e\uff77\uff9e", "abc \u30ac\u30ae"),
        ("abc \u30ac\u30ae", "\uff22\uff23 \uff76\uff9e"),
        ("\u0130stanbul", "istanbul"),
        ("Stra\u00dfe nach \u0141\u00f3d\u017a", "STRASSE lodz"),
        ("a shop\u00adping list", "shopping"),
        (
            "\u0627\u0644\u0639\u064e\u0631\u064e\u0628\u0650\u064a\u0651\u0629",
            "\u0627\u0644\u0639\u0631\u0628\u06cc\u0629",
        ),
        ("we found a phrase here", '"a phrase"'),
        ("we found a\nPHR\u00c1SE here", "\u201ca  phrase\u201d we"),
        ("a\t\ttable", '"a table"'),
        ('5" nails', '5"'),
    ],
)
def test_all_the_words_are_found_in_any_case_and_as_parts(say, member, body, query):
    say(member, "something else")
    say(member, body)
    assert found(member, query) == [body]
    assert found(member, f"{query} zzzzqq") == []


@pytest.mark.parametrize(
    "query", ["", "   ", "\x00", "%", "_", "\\", "'", '"', ":*", "zz\x00zz", "é" * 200, "a" * 200]
)
def test_what_nobody_wrote_finds_nothing(say, member, query):
    say(member, "something else")
    assert found(member, query) == []


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ("a long phrase", '"a phrase"'),
        ("phrase a", '"a phrase"'),
        ("\u30cf\u30b9", "\u30d0\u30b9"),
        ("\ud55c", "\ud558"),
        ("\u0915\u093f", "\u0915\u0941"),
    ],
)
def test_what_is_another_word_is_not_found(say, member, body, query):
    """Words that don't follow each other, voiced kana, parts of Korean syllables, vowels of Indian scripts."""
    say(member, body)
    assert found(member, query) == []


def test_what_is_stored_beside_a_text(say, member):
    copies = {
        "plain Words": None,
        "\u043f\u0440\u0438\u0432\u0435\u0442": None,
        "nice \U0001f44d": None,
        "two  blanks": "two blanks",
        "Caf\u00e9": "cafe",
    }
    for body, copy in copies.items():
        message = say(member, body)
        assert message.folded == copy
        message.refresh_from_db()
        assert message.folded == copy
        services.delete(member, message.pk)
        message.refresh_from_db()
        assert message.folded is None


def test_texts_of_a_former_version_are_folded_in_pieces(say, member, monkeypatch):
    monkeypatch.setattr(folded, "MESSAGES_PER_TRANSACTION", 2)
    bodies = ["Caf\u00e9", "plain", "caf\u00e9 2", "caf\u00e9  3", "gone caf\u00e9"]
    messages = [say(member, body) for body in bodies]
    Message.objects.update(folded=None)
    # As a server of the former version leaves it, which doesn't know of the column.
    Message.objects.filter(pk=messages[-1].pk).update(body="", folded="gone cafe", deleted_at=timezone.now())
    assert found(member, "cafe") == []
    assert folded.fold_all(connection) == 4
    assert found(member, "cafe") == [bodies[3], bodies[2], bodies[0]]
    assert list(Message.objects.order_by("pk").values_list("folded", flat=True)) == [
        "cafe", None, "cafe 2", "cafe 3", None,
    ]  # fmt: skip
    assert folded.fold_all(connection) == 0


def test_the_newest_come_first_and_pages_follow_each_other(say, member, private_room, api):
    bodies = [say(member, f"apple {n}").body for n in range(5)]
    assert found(member, "apple") == bodies[::-1]
    for asked in ({}, {"room": private_room.slug}):
        first = api(member).get("/message", {"q": "apple", "limit": 2, **asked}).data
        second = api(member).get(first["next"]).data
        third = api(member).get(second["next"]).data
        pages = [first["results"], second["results"], third["results"]]
        assert [m["body"] for page in pages for m in page] == bodies[::-1]
        assert third["next"] is None
        back = api(member).get(second["previous"]).data["results"]
        assert {m["body"] for m in back} == set(bodies[3:])


def test_only_what_stands_now(say, member, private_room):
    changed, gone, hidden = (say(member, f"{name} apple") for name in ("changed", "gone", "hidden"))
    services.edit(member, changed.pk, "a pear")
    services.delete(member, gone.pk)
    services.hide(hidden, member)
    assert found(member, "apple") == []
    assert found(member, "pear") == ["a pear"]
    services.restore(hidden, member)
    assert found(member, "apple") == ["hidden apple"]


def test_only_in_rooms_that_one_may_read(say, owner, member, stranger, private_room, public_room, api):
    say(owner, "private apple")
    say(owner, "public apple", public_room)
    elsewhere = create_room(owner, "Elsewhere", kind="private")
    say(owner, "apple elsewhere", elsewhere)
    assert found(member, "apple") == ["public apple", "private apple"]
    assert found(stranger, "apple") == ["public apple"]
    for room in (private_room, elsewhere):
        assert api(stranger).get("/message", {"q": "apple", "room": room.slug}).status_code == 404
    membership.ban(owner, public_room.slug, member.username)
    membership.revoke(private_room, member)
    assert found(member, "apple") == []


def test_the_page_finds_what_rest_finds(say, member, client_of):
    say(member, "a quincunx <b>")
    browser = client_of(member)
    assert "quincunx" in browser.get("/search", {"q": "QUIN unx"}).text
    for query in ("", " ", "%", "'\"", "x" * 10_000, "\x00", "👩‍👩‍👧"):
        assert browser.get("/search", {"q": query}).status_code == 200
    assert 'class="result"' not in browser.get("/search", {"q": "unx zzzz"}).text


def test_words_are_looked_for_once():
    assert words_of("Ab aB\x00 c  ß SS") == ["ab", "c", "ss"]
    assert words_of(' "a  b"c "d "e f" " "" \u201eg h\u201c') == [
        "a b",
        "c",
        "d",
        "e",
        'f"',
        '"',
        '""',
        "g h",
    ]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's indexes")
def test_without_trigrams_words_are_found_by_how_they_begin(say, member, monkeypatch):
    monkeypatch.setattr(postgresql, "finds_parts", lambda: False)
    for body in ("a Keyboard", "the board it's on", "東京タワー"):
        say(member, body)
    assert found(member, "boa") == ["the board it's on"]
    assert found(member, "KEY") == ["a Keyboard"]
    assert found(member, "it's the") == ["the board it's on"]
    assert found(member, "タワー") == ["東京タワー"]
    say(member, "Größe XÄ")
    assert found(member, "gros xa") == ["Größe XÄ"]
    assert found(member, '"grosse xä"') == ["Größe XÄ"]
