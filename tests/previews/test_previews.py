"""Messages get the previews of their links behind the sending, share them, and lose them with what they belong to."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chatsite.contract.errors import Archived, Forbidden, NotFound
from messaging import leftovers
from messaging import services as messages
from messaging.models import Message
from previews import consumer, queue, services
from previews.links import MAX_LINKS, links_in
from previews.models import MessagePreview, Preview
from rooms import services as rooms
from rooms.log import log
from rooms.log.consumers import positions
from rooms.membership import membership
from rooms.models import Event, Room
from rooms.payloads import room_payload
from tests.previews.conftest import PAGE, fetched, shown, titles, told

pytestmark = pytest.mark.django_db


def test_a_message_shows_what_the_page_says_of_itself(say, follow, owner, member, private_room):
    message = say(f"look: {PAGE}#part")
    before = room_payload(member, private_room)["unread"]
    assert follow()
    assert (shown(message), told()) == ([], 0)
    fetched(title="<b>News</b>", description="All of it.")
    [preview] = shown(message)
    assert preview == {
        "id": MessagePreview.objects.get().pk,
        "url": f"{PAGE}#part",
        "host": "example.org",
        "title": "<b>News</b>",
        "description": "All of it.",
        "picture": None,
    }
    line = Event.objects.get(event="message-previewed")
    assert (line.user, line.subject_id) == (None, message.pk)
    assert room_payload(member, private_room)["unread"] == before == 1
    [event] = log.read(private_room, line.seq - 1)["events"]
    assert (event["data"]["seq"], event["data"]["id"]) == (line.seq, message.pk)
    assert (event["data"]["previews"], event["data"]["edited_at"]) == ([preview], None)


def test_of_new_messages_only_those_with_links_are_read(say, follow, owner, private_room):
    plain, linked, edited = say("no link, only https:"), say(), say("none yet")
    messages.edit(owner, edited.pk, f"but now {PAGE}")
    ranges = {private_room.pk: (0, Room.objects.get(pk=private_room.pk).head)}
    sieve, events = consumer.SIEVE, sorted(consumer.consumer.events)
    found = positions.lines(ranges, events, sieve, sieve.rooms([private_room.pk]))[private_room.pk]
    assert [line.subject_id for line in found if line.event == "chat-message"] == [linked.pk, edited.pk]
    assert [line.subject_id for line in found if line.event == "message-edited"] == [edited.pk]
    # Whoever stored them says the same without reading them; an edited one is read whatever it was.
    assert [message for message in (plain, linked, edited) if sieve.concerns(message)] == [linked]
    assert {line.subject_id for line in found} <= {
        one.pk for one in services.candidates([plain.pk, linked.pk, edited.pk])
    }


def test_reading_the_log_again_changes_nothing(say, follow):
    message = say()
    assert [follow(), follow()] == [True, False]
    fetched()
    assert follow() is False
    assert (titles(message), told(), Preview.objects.count()) == (["A title"], 1, 1)


def test_messages_with_the_same_link_share_one_preview(say, follow, member):
    one, two = say(), say(f"also {PAGE}#there", by=member)
    follow()
    assert Preview.objects.count() == 1
    fetched()
    three = say()
    follow()
    assert [titles(message) for message in (one, two, three)] == [["A title"]] * 3
    assert Preview.objects.count() == 1


def test_what_was_linked_elsewhere_shows_only_where_all_may_read_that(
    say, follow, fetcher, owner, member, stranger
):
    """A preview that is there at once would tell that somebody has posted the link, in a room that one can't read."""
    say()
    follow()
    fetched("Of the board")
    mine, public = (rooms.create_room(stranger, kind, kind=kind) for kind in ("private", "public"))
    shows = {}
    for room in (mine, public, mine):
        message = messages.send(stranger, room.slug, PAGE, uuid.uuid4())[0]
        services.follow(Message.objects.select_related("sender", "room").get(pk=message.pk))
        shows.setdefault(room.slug, []).append(titles(message))
    # Each waits until it is fetched for itself.
    assert [*shows.values()] == [[[], []], [[]]]
    waiting = Preview.objects.filter(pending=True).order_by("pk")
    assert [preview.room for preview in waiting] == [mine, None]
    for preview in waiting:
        queue.store(preview, {"title": "Now", "description": "", "picture": False}, None)
        queue.tell(preview)
    # What is known to public rooms is known to all.
    third = rooms.create_room(member, "third", kind="private")
    message = messages.send(member, third.slug, PAGE, uuid.uuid4())[0]
    services.follow(Message.objects.select_related("sender", "room").get(pk=message.pk))
    assert titles(message) == ["Now"]


def test_a_page_is_fetched_anew_after_a_week_and_messages_keep_what_they_showed(say, follow):
    old = say()
    follow()
    fetched("Then")
    Preview.objects.update(fetched_at=timezone.now() - services.SHARED_FOR)
    new = say()
    follow()
    fetched("Now")
    assert (titles(old), titles(new)) == (["Then"], ["Now"])
    assert [*Preview.objects.order_by("pk").values_list("current", flat=True)] == [False, True]


def test_what_has_no_preview_is_asked_again_after_an_hour(say, follow):
    message = say()
    follow()
    fetched(title="")
    assert (shown(message), told()) == ([], 0)
    say()
    assert (follow(), Preview.objects.count()) == (True, 1)
    Preview.objects.update(fetched_at=timezone.now() - services.SILENCE_SHARED_FOR)
    say()
    follow()
    assert Preview.objects.filter(pending=True).count() == 1


def test_the_first_three_links_have_one_each_in_their_order(say, follow):
    urls = [f"https://example.org/{number}" for number in range(5)]
    message = say(" ".join([urls[1], urls[0], urls[1], *urls]))
    follow()
    for url in urls[:3]:
        fetched(title=url, url=url)
    assert titles(message) == [urls[1], urls[0], urls[2]]
    assert Preview.objects.count() == MAX_LINKS == 3


@pytest.mark.parametrize(
    "body",
    ["no link", "`https://example.org/a`", "```\nhttps://example.org/a\n```", "mailto:a@example.org", "@member",
     "http://localhost/chat/board", "http://127.0.0.1:8000/x", "https://user:word@example.org/", "/chat/board"],
)  # fmt: skip
def test_what_has_none(say, follow, member, body):
    message = say(body)
    assert (follow(), Preview.objects.count(), shown(message)) == (False, 0, [])


def test_links_of_rendered_text():
    html = '<p><a href="https://a.example/?b=1&amp;c=2" rel="x">x</a> <a class="mention" href="/people/ada">y</a></p>'
    [link] = links_in(html)
    assert (link.href, link.host) == ("https://a.example/?b=1&c=2", "a.example")
    assert links_in('<p>&lt;a href="https://a.example/"</p>') == []


def test_an_edit_takes_previews_of_lost_links_at_once_and_brings_new_ones(say, follow, owner):
    message = say(f"{PAGE} https://example.org/kept")
    follow()
    fetched("Lost")
    fetched("Kept", url="https://example.org/kept")
    messages.edit(owner, message.pk, "https://example.org/new https://example.org/kept")
    assert titles(message) == ["Kept"]
    follow()
    fetched("New", url="https://example.org/new")
    assert titles(message) == ["New", "Kept"]
    assert MessagePreview.objects.filter(message=message).count() == 2


def test_what_was_removed_stays_removed_over_edits(say, follow, owner):
    message = say()
    follow()
    fetched()
    seq = told()
    services.remove(owner, message.pk, shown(message)[0]["id"])
    assert (shown(message), told()) == ([], seq + 1)
    messages.edit(owner, message.pk, "nothing")
    follow()
    messages.edit(owner, message.pk, f"again {PAGE}")
    follow()
    assert (shown(message), MessagePreview.objects.count()) == ([], 1)
    assert Event.objects.get(event="message-previewed", user=owner).subject_id == message.pk


def test_deleting_a_message_takes_its_previews_and_their_addresses(say, follow, owner, member):
    message, other = say(f"{PAGE} https://example.org/both"), say("https://example.org/both", by=member)
    follow()
    fetched()
    messages.delete(owner, message.pk)
    assert (shown(message), Message.objects.get(pk=message.pk).previews) == ([], None)
    assert [*MessagePreview.objects.values_list("message", flat=True)] == [other.pk]
    assert [*Preview.objects.values_list("url", flat=True)] == ["https://example.org/both"]
    fetched("Both", url="https://example.org/both")
    assert (shown(message), titles(other)) == ([], ["Both"])


def test_what_an_older_version_leaves_of_a_deleted_message_goes_later(say, follow):
    message = say()
    follow()
    Message.objects.filter(pk=message.pk).update(deleted_at=message.created_at)
    assert leftovers.sweep() == 1
    assert not MessagePreview.objects.exists()


def test_a_hidden_message_shows_none_and_gets_them_when_it_is_restored(say, follow, owner):
    message = say()
    follow()
    messages.hide(message, owner)
    fetched()
    assert (shown(message), told()) == ([], 0)
    messages.restore(message, owner)
    follow()
    assert titles(message) == ["A title"]


def test_a_message_deleted_before_it_is_read_or_while_its_link_is_fetched_has_none(say, follow, owner):
    message = say()
    messages.delete(owner, message.pk)
    assert (follow(), Preview.objects.count()) == (False, 0)
    read = say()
    messages.delete(owner, read.pk)
    # As the consumer read it, a moment before.
    assert (services.follow(read), MessagePreview.objects.count()) == (False, 0)
    Preview.objects.all().delete()
    other = say()
    follow()
    preview = Preview.objects.get()
    messages.delete(owner, other.pk)
    with pytest.raises(Preview.DoesNotExist):
        queue.store(preview, {"title": "Late"}, None)
    assert (shown(other), Preview.objects.count(), told()) == ([], 0, 0)


def test_sending_costs_no_query_more_and_reading_a_hundred_lines_one(say, follow, private_room):
    for _ in range(20):
        say("no link at all")
    with CaptureQueriesContext(
        connection,
    ) as found:
        follow()
    # The test's own, and the consumer's.
    assert len(found) == 2


# Who may remove one


@pytest.fixture
def message(say, follow, member):
    message = say(by=member)
    follow()
    fetched()
    return message


def one_of(message):
    return MessagePreview.objects.get(message=message).pk


def test_its_sender_and_moderators_remove_a_preview_and_repeating_it_is_no_error(message, owner, member):
    pk = one_of(message)
    assert services.remove(member, message.pk, pk).previews is None
    before = told()
    assert services.remove(owner, message.pk, pk).previews is None
    assert (shown(message), told()) == ([], before)


@pytest.mark.parametrize(
    ("who", "error"),
    [("helper", Forbidden), ("stranger", NotFound), ("banned", NotFound), ("left", NotFound)],
)
def test_nobody_else_does(message, who, error, make_person, private_room, owner):
    person = make_person(who)
    if who != "stranger":
        membership.grant(private_room, person)
    if who == "banned":
        membership.ban(owner, private_room.slug, who)
    if who == "left":
        membership.leave_room(person, private_room.slug)
    with pytest.raises(error):
        services.remove(person, message.pk, one_of(message))
    assert titles(message) == ["A title"]


def test_nothing_is_removed_from_an_archived_room_nor_what_is_another_messages(
    message, say, owner, private_room
):
    other = say("no link")
    for pk in (one_of(message), 0, 10**15):
        with pytest.raises(NotFound):
            services.remove(owner, other.pk, pk)
    rooms.archive(private_room, owner)
    with pytest.raises(Archived):
        services.remove(owner, message.pk, one_of(message))
    assert titles(message) == ["A title"]


def test_the_rest_door(message, api, member, stranger):
    path = f"/message/{message.pk}/preview/{one_of(message)}"
    assert api(stranger).delete(path).status_code == 404
    assert [api(member).delete(path).status_code for _ in range(2)] == [204, 204]
    assert shown(message) == []
    for wrong in (f"/message/{message.pk}/preview/x", f"/message/{message.pk}/preview/{10**17}"):
        assert api(member).delete(wrong).data["code"] == "not_found"


def test_the_form(message, client_of, member, stranger):
    path = f"/chat/board/message/{message.pk}/preview/{one_of(message)}"
    assert client_of(stranger).post(path).status_code == 404
    client = client_of(member)
    assert client.post(path.replace("board", "general")).status_code == 404
    assert (client.get(path).status_code, titles(message)) == (405, ["A title"])
    assert client.post(path).url == f"/chat/board/message/{message.pk}#message-{message.pk}"
    assert shown(message) == []


# Pages


def page_of(browser, slug="board"):
    return browser.get(f"/chat/{slug}").content.decode()


def test_a_page_shows_previews_as_text_and_the_button_to_who_may_remove_them(
    say, follow, client_of, owner, member, make_person, private_room
):
    message = say(by=member)
    follow()
    fetched(title="<b>One</b> & more", description="'two'")
    pk = one_of(message)
    helper = make_person("helper")
    membership.grant(private_room, helper)
    button = f'formaction="/chat/board/message/{message.pk}/preview/{pk}"'
    for person, removes in ((owner, True), (member, True), (helper, False)):
        page = page_of(client_of(person))
        assert "&lt;b&gt;One&lt;/b&gt; &amp; more" in page
        assert f'data-preview="{pk}"' in page
        assert (person.username, button in page) == (person.username, removes)
        assert f'href="{PAGE}" target="_blank" rel="noopener noreferrer nofollow"' in page
    rooms.archive(private_room, owner)
    assert button not in page_of(client_of(owner))
    assert 'id="link-preview-form"' not in page_of(client_of(owner))


def test_a_person_may_hide_them_from_their_pages_alone(message, client_of, api, member, owner):
    pk = one_of(message)
    client = client_of(member)
    assert 'name="show_previews"' in client.get("/profile").content.decode()
    client.post("/profile", {"display_name": "M", "email": "m@example.org"})
    client.post("/profile", {"display_name": "N"})
    member.refresh_from_db()
    assert (member.show_previews, member.email, member.display_name) == (True, "m@example.org", "N")
    client.post("/profile", {"show_previews": "false"})
    member.refresh_from_db()
    assert (member.show_previews, member.display_name) == (False, "N")
    page = page_of(client)
    assert f'data-preview="{pk}"' not in page
    assert '"show_previews": false' in page
    assert api(member).get(f"/message/{message.pk}").data["previews"] != []
    assert api(member).patch("/user/me", {"show_previews": True}, format="json").data["show_previews"] is True
    assert api(member).patch("/user/me", {"show_previews": "x"}, format="json").status_code == 400
    assert "show_previews" not in api(owner).get("/user/member").data
    assert f'data-preview="{pk}"' in page_of(client)


# Bounds


def test_one_persons_links_are_bounded_and_leave_others_theirs(say, follow, member, settings):
    for number in range(10):
        say(" ".join(f"https://example.org/{number}-{place}" for place in range(3)))
    say("https://example.org/other", by=member)
    follow()
    waiting = Preview.objects.filter(pending=True)
    assert waiting.exclude(wanted_by=member).count() == services.MAX_WAITING_OF_ONE
    assert waiting.filter(wanted_by=member).count() == 1


@pytest.mark.usefixtures("one_window")
def test_an_hours_links_are_bounded(say, follow, settings):
    settings.PREVIEWS_PER_HOUR = 2
    for number in range(4):
        say(f"https://example.org/{number}")
        follow()
    assert Preview.objects.count() == 2


def test_all_that_waits_is_bounded(say, follow, monkeypatch):
    monkeypatch.setattr(services, "MAX_WAITING", 2)
    say(" ".join(f"https://example.org/{number}" for number in range(3)))
    follow()
    assert Preview.objects.count() == 2


def test_the_sweep_takes_what_nobody_needs(say, follow, owner):
    message = say(f"{PAGE} https://example.org/silent https://example.org/never")
    follow()
    fetched()
    fetched(title="", url="https://example.org/silent")
    assert services.sweep() == 0
    old = timezone.now() - services.SHARED_FOR - timedelta(minutes=1)
    Preview.objects.update(wanted_at=old)
    Preview.objects.exclude(fetched_at=None).update(fetched_at=old)
    assert services.sweep() == 2
    assert (titles(message), Preview.objects.get().url) == (["A title"], PAGE)
    messages.edit(owner, message.pk, "nothing")
    follow()
    assert (services.sweep(), Preview.objects.count()) == (1, 0)
