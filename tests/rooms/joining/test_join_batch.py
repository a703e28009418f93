"""Many who join at once: looked up together, each with an answer of their own."""

from functools import partial
from uuid import uuid4

import pytest

from accounts import services
from accounts.authentication.credentials import SessionEnded
from accounts.models import User
from accounts.presence import presence
from chatsite.contract.errors import Banned, NotFound
from chatsite.realtime.delivery import delivery, peers, revocation, subscriptions
from chatsite.realtime.delivery.identity import Identity
from chatsite.realtime.delivery.peers import Peers
from chatsite.realtime.protocol.frames import frame
from messaging.services import delete, hide, send
from rooms import directs, payloads, sql
from rooms import services as services_of_rooms
from rooms.joining import join_ack, join_batch
from rooms.joining.join_batch import Join, join_all
from rooms.log import log
from rooms.membership import membership
from rooms.models import Room

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(monkeypatch, attach_connection):
    """`live(user)` is a connection of theirs that came in with a token."""
    monkeypatch.setattr(presence, "here", presence.MemoryPresence())
    # Another test's room may have had the same key a moment ago.
    monkeypatch.setattr(log, "_shared_pages", {})

    def live(user):
        token, _ = services.make_token(user, "bot")
        connection = attach_connection(Identity(user.pk, user.username, token_id=token.pk))
        presence.here.connect(user.pk, connection.sid)
        return connection

    return live


def ask(connection, room, **place):
    """What the client's ack would say; or the exception that becomes its error."""
    answers = []
    join_batch.submit(Join(connection, room, **place), answers.append)
    (answer,) = answers
    return answer


@pytest.fixture
def crowd(make_person, live, private_room):
    """Twenty members of the private room, and of #general."""
    people = [make_person(f"person{n}") for n in range(20)]
    for person in people:
        membership.grant(private_room, person)
    for person in people:
        person.memberships.update(read_seq=1_000)
    return [live(person) for person in people]


def test_two_queries_however_many_join_however_many_rooms(crowd, private_room, django_assert_num_queries):
    joins = [Join(one, slug) for one in crowd for slug in (private_room.slug, "general")]
    for some in (joins, joins[:1]):
        with django_assert_num_queries(2):
            assert all(outcome.ack["room"]["members"] for outcome in join_all(some))
    assert all(one.rooms == {private_room.slug, "general"} for one in crowd)


def test_who_has_something_unread_is_counted_in_a_third(
    crowd, owner, private_room, django_assert_num_queries
):
    for user in User.objects.filter(username__startswith="person"):
        user.memberships.update(read_seq=0)
    send(owner, private_room.slug, "@person3 look", uuid4())
    with django_assert_num_queries(3):
        outcomes = join_all([Join(one, private_room.slug) for one in crowd])
    counts = [(outcome.ack["room"]["unread"], outcome.ack["room"]["mentions"]) for outcome in outcomes]
    assert counts == [(1, 1 if n == 3 else 0) for n in range(20)]


def test_the_room_is_the_one_that_rest_gives(live, owner, member, private_room):
    for slug in (private_room.slug, "general", directs.open_direct(owner, ["member"])[0].slug):
        room = Room.objects.get(slug=slug)
        answer = ask(live(owner), slug)
        assert answer["room"] == payloads.room_payload(owner, room)
        assert answer["online"] == ["owner"]


def test_each_has_an_answer_of_their_own(live, owner, member, stranger, make_person, private_room):
    barred, gone = make_person("barred"), make_person("gone")
    connections = [live(user) for user in (owner, stranger, barred, gone, member)]
    services.ban(barred)
    subscriptions.attach(connections[2])
    User.objects.filter(pk=gone.pk).delete()
    outcomes = join_all([Join(one, private_room.slug) for one in connections])
    assert outcomes[0].ack["room"]["role"] == "owner"
    assert outcomes[1] is None
    assert [getattr(outcomes[n], "ended", None) for n in (2, 3)] == ["banned", "deactivated"]
    assert outcomes[4].ack["room"]["role"] == "member"
    assert set(subscriptions.subscribers(private_room.slug)) == {connections[0], connections[4]}


def test_the_long_way(live, stranger, owner, member, public_room, private_room):
    connection = live(stranger)
    assert isinstance(ask(connection, "no-such-room"), NotFound)
    assert isinstance(ask(connection, private_room.slug), NotFound)
    assert ask(connection, public_room.slug)["room"]["role"] == "member"
    assert connection.rooms == {public_room.slug}
    membership.ban(owner, public_room.slug, "stranger")
    revocation.evict(stranger.pk, public_room.slug)
    assert isinstance(ask(connection, public_room.slug), Banned)
    assert not connection.rooms


def test_who_was_away_catches_up_and_who_was_not_asks_nothing(live, owner, member, private_room, monkeypatch):
    send(owner, private_room.slug, "hello", uuid4())
    connection = live(member)
    head = ask(connection, private_room.slug)["head"]
    answer = ask(connection, private_room.slug, after=head - 1)
    assert [event["data"]["body"] for event in answer["events"]] == ["hello"]
    monkeypatch.setattr(log, "read_shared", None)
    assert ask(connection, private_room.slug, after=head)["events"] == []
    for place in ({"after": head + 1}, {"after": 0, "epoch": "another"}):
        assert ask(connection, private_room.slug, **place)["reset"] is True


def test_those_who_missed_the_same_read_it_once(crowd, owner, private_room, django_assert_num_queries):
    send(owner, private_room.slug, "hello", uuid4())
    ask(crowd[0], private_room.slug, after=0)
    with django_assert_num_queries(2):
        answer = ask(crowd[1], private_room.slug, after=0)
    assert answer["events"][-1]["data"]["body"] == "hello"
    with django_assert_num_queries(2):
        assert len(ask(crowd[2], private_room.slug, after=0)["events"]) == len(answer["events"])


def test_a_visitor_of_an_archived_room_who_is_banned_hears_nothing_more(
    live, owner, stranger, public_room, monkeypatch, django_capture_on_commit_callbacks
):
    services_of_rooms.set_archived(owner, public_room.slug, True)
    visiting, coming = live(stranger), live(stranger)
    assert ask(visiting, public_room.slug)["room"]["role"] is None
    assert subscriptions.subscribers(public_room.slug) == [visiting]
    with django_capture_on_commit_callbacks(execute=True):
        membership.ban(owner, public_room.slug, "stranger")
    assert subscriptions.subscribers(public_room.slug) == []
    membership.lift_ban(owner, public_room.slug, "stranger")

    def and_then_the_ban(join, subscribe=join_batch.subscribe):
        """It finds nobody to put out."""
        with django_capture_on_commit_callbacks(execute=True):
            membership.ban(owner, public_room.slug, "stranger")
        return subscribe(join)

    monkeypatch.setattr(join_batch, "subscribe", and_then_the_ban)
    assert isinstance(ask(coming, public_room.slug), Banned)
    assert subscriptions.subscribers(public_room.slug) == []


def removed(user, room):
    membership.revoke(room, user)


def banned(user, room):
    services.ban(user)


def kicked(user, room, by):
    membership.remove_member(by, room.slug, user.username)


def kept_out(user, room, by):
    membership.ban(by, room.slug, user.username)


@pytest.mark.parametrize("moment", ["before", "while"])
@pytest.mark.parametrize(
    ("evict", "kind", "error"), [(kicked, "private", NotFound), (kept_out, "public", Banned)]
)
def test_who_is_put_out_while_they_wait_to_catch_up_is_told_nothing(
    live,
    owner,
    member,
    private_room,
    public_room,
    monkeypatch,
    django_capture_on_commit_callbacks,
    evict,
    kind,
    error,
    moment,
):
    room = private_room if kind == "private" else public_room
    read = log.read

    def meanwhile():
        with django_capture_on_commit_callbacks(execute=True):
            evict(member, room, owner)
            send(owner, room.slug, "secret", uuid4())

    def read_it(*arguments):
        if moment == "while":
            meanwhile()
        return read(*arguments)

    join = Join(live(member), room.slug, after=0)
    (joined,) = join_all([join])
    if moment == "before":
        meanwhile()
    monkeypatch.setattr(log, "read", read_it)
    assert isinstance(join_batch.ack_with_page(join, joined), error)
    assert not join.connection.rooms


def test_who_is_put_out_before_the_answer_is_not_told_that_they_are_in(
    live, owner, member, private_room, django_capture_on_commit_callbacks
):
    answers, join = [], Join(live(member), private_room.slug)
    (joined,) = join_all([join])
    with django_capture_on_commit_callbacks(execute=True):
        kicked(member, private_room, owner)
    join_batch.finish(join, answers.append, joined)
    assert isinstance(answers[0], NotFound)


def test_who_hangs_up_while_they_wait_to_catch_up_is_forgotten(live, member, private_room):
    join = Join(live(member), private_room.slug, after=0)
    (joined,) = join_all([join])
    subscriptions.detach(join.connection)
    assert isinstance(join_batch.ack_with_page(join, joined), NotFound)


@pytest.mark.parametrize("change", [delete, hide])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_is_deleted_while_somebody_waits_to_catch_up_is_not_told(
    live, owner, member, private_room, monkeypatch, django_capture_on_commit_callbacks, elsewhere, change
):
    """Another has caught up a moment ago, and what was read for them is held. `elsewhere` is another process, of which
    nothing was heard yet."""
    message, _ = send(owner, private_room.slug, "secret", uuid4())
    first, second = (Join(live(member), private_room.slug, after=0) for _ in range(2))
    if elsewhere:
        monkeypatch.setattr(peers, "site", Elsewhere())
    outcomes = join_all([first, second])
    assert "secret" in str(join_batch.ack_with_page(first, outcomes[0]))
    with django_capture_on_commit_callbacks(execute=not elsewhere):
        change(owner, message.pk) if change is delete else change(message, owner)
    answer = join_batch.ack_with_page(second, outcomes[1])
    assert "secret" not in str(answer)
    assert [event["event"] for event in answer["events"][-2:]] == ["chat-message", "message-deleted"]


def test_who_hears_something_before_the_room_was_read_is_told_of_all_up_to_that(
    live, owner, member, private_room, monkeypatch
):
    """Another process says three things after the room was read here; only the last is heard, as it said the others before
    this one listened."""
    rosters = join_ack.rosters

    def and_then_they_talk(room_ids):
        found = rosters(room_ids)
        if not said:
            said.extend(send(owner, private_room.slug, f"number {n}", uuid4())[0] for n in range(3))
            delivery.log_here(private_room.slug, said[-1].seq, "chat-message", frame(b"heard"))
        return found

    said = []
    monkeypatch.setattr(join_ack, "rosters", and_then_they_talk)
    after = Room.objects.get(pk=private_room.pk).head
    answer = ask(live(member), private_room.slug, after=after)
    assert [event["data"]["seq"] for event in answer["events"]] == [message.seq for message in said]
    assert answer["room"]["unread"] == 3


class Elsewhere(Peers):
    there = True


@pytest.mark.parametrize(("evict", "ended"), [(removed, None), (banned, "banned")])
def test_who_is_put_out_while_they_join_hears_nothing(
    live, owner, member, private_room, monkeypatch, django_capture_on_commit_callbacks, evict, ended
):
    """The read says that they are a member; the removal finds nobody to evict; only then are they subscribed."""
    look = sql.fetch_authorisation
    removing = [partial(evict, member, private_room)]
    leaving, staying = live(member), live(owner)

    def and_then_it_ends(asked):
        found = look(asked)
        if removing:
            with django_capture_on_commit_callbacks(execute=True):
                removing.pop()()
        return found

    monkeypatch.setattr(sql, "fetch_authorisation", and_then_it_ends)
    outcomes = join_all([Join(leaving, private_room.slug), Join(staying, private_room.slug)])
    assert outcomes[0] is None if ended is None else isinstance(outcomes[0], SessionEnded)
    assert outcomes[1].ack["room"]["members"] == (2 if ended else 1)
    assert subscriptions.subscribers(private_room.slug) == [staying]
    delivery.to_room(private_room.slug, "said", {"secret": True})
    assert "secret" not in leaving.channel.text
    assert "secret" in staying.channel.text
