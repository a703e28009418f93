"""A read position moves forward, and back where somebody says so; reports of before that change nothing."""

import uuid

import pytest
from django.urls import reverse

from chatsite.contract.errors import Forbidden, NotFound
from messaging import services as messages
from rooms import services
from rooms.models import Membership

pytestmark = pytest.mark.django_db


@pytest.fixture
def seqs(owner, private_room):
    """The places of three messages of the owner's, of which the second mentions the member."""
    return [
        messages.send(owner, "board", body, uuid.uuid4())[0].seq for body in ("one", "@member two", "three")
    ]


def at(seq, version, unread, mentions):
    return {"read_seq": seq, "read_version": version, "unread": unread, "mentions": mentions}


def test_a_position_goes_back_only_where_that_is_said(member, seqs):
    one, two, three = seqs
    assert services.mark_read(member, "board", three) == at(three, 0, 0, 0)
    assert services.mark_read(member, "board", one) == at(three, 0, 0, 0)
    assert services.mark_read(member, "board", one, back=True) == at(one, 1, 2, 1)
    # Nor does it go forward where back is said, and a repeat is none.
    assert services.mark_read(member, "board", two, back=True) == at(one, 1, 2, 1)
    assert services.mark_read(member, "board", one, back=True) == at(one, 1, 2, 1)
    assert services.mark_read(member, "board", two) == at(two, 1, 1, 0)
    assert services.read_position(member, "board") == at(two, 1, 1, 0)
    assert services.mark_read(member, "board", 0, back=True)["unread"] == 3


def test_a_report_of_before_the_position_moved_back_is_ignored(member, seqs):
    one, two, three = seqs
    services.mark_read(member, "board", three, version=0)
    services.mark_read(member, "board", two, back=True, version=0)
    assert services.mark_read(member, "board", three, version=0) == at(two, 1, 1, 0)
    # The same for moving back once more: a repeat whose first ack was lost undoes no reading.
    assert services.mark_read(member, "board", three, version=1) == at(three, 1, 0, 0)
    assert services.mark_read(member, "board", two, back=True, version=0) == at(three, 1, 0, 0)
    assert services.mark_read(member, "board", one, back=True, version=1) == at(one, 2, 2, 1)
    # Of a database that was restored from a backup since.
    assert services.mark_read(member, "board", three, version=9) == at(three, 2, 0, 0)


def test_what_was_seen_stays_seen(member, private_room, seqs):
    mine = Membership.objects.get(room=private_room, user=member)
    assert mine.seen_seq == 0
    services.mark_read(member, "board", seqs[1])
    services.mark_read(member, "board", 0, back=True)
    mine.refresh_from_db()
    assert (mine.read_seq, mine.seen_seq) == (0, seqs[1])
    services.mark_all_read(member)
    mine.refresh_from_db()
    assert mine.read_seq == mine.seen_seq == mine.room.head == seqs[2]


def test_nobody_else_is_moved(owner, member, stranger, public_room, seqs):
    before = set(Membership.objects.exclude(user=member).values_list("pk", "read_seq", "read_version"))
    services.mark_read(member, "board", 10**6)
    services.mark_read(member, "board", 0, back=True)
    assert (
        set(Membership.objects.exclude(user=member).values_list("pk", "read_seq", "read_version")) == before
    )
    with pytest.raises(NotFound):
        services.mark_read(stranger, "board", 0, back=True)
    with pytest.raises(Forbidden):
        services.mark_read(stranger, "lobby", 0, back=True)


def test_the_same_over_rest(api, owner, member, stranger, public_room, seqs):
    client = api(member)
    assert client.put("/room/board/read", {"seq": seqs[2]}, format="json").json() == {
        "room": "board",
        **at(seqs[2], 0, 0, 0),
    }
    back = {"seq": seqs[0] - 1, "back": True, "version": 0}
    assert client.put("/room/board/read/", back, format="json").json()["unread"] == 3
    assert client.get("/room/board/read").json() == {"room": "board", **at(seqs[0] - 1, 1, 3, 1)}
    assert client.get("/room/board").json()["read_version"] == 1
    assert api(stranger).put("/room/lobby/read", {"seq": 1}, format="json").status_code == 403
    assert api(stranger).get("/room/lobby/read").status_code == 403
    assert client.post("/room/board/read", {"seq": 1}, format="json").status_code == 405


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "seq"),
        ({"seq": -1}, "seq"),
        ({"seq": "1"}, "seq"),
        ({"seq": 2**63}, "seq"),
        ({"seq": True}, "seq"),
        ({"seq": 1, "back": "yes"}, "back"),
        ({"seq": 1, "back": None}, "back"),
        ({"seq": 1, "version": -1}, "version"),
        ({"seq": 1, "version": "0"}, "version"),
        ({"seq": 1, "room": "board"}, "room"),
    ],
)
def test_bad_input_names_its_field_and_moves_nothing(api, member, seqs, body, field):
    services.mark_read(member, "board", seqs[1])
    answer = api(member).put("/room/board/read", body, format="json")
    assert (answer.status_code, answer.json()["code"], list(answer.json()["fields"])) == (
        400,
        "invalid",
        [field],
    )
    assert services.read_position(member, "board") == at(seqs[1], 0, 1, 0)


def test_moving_costs_the_same_however_much_is_unread(member, seqs, django_assert_num_queries):
    # Whose membership it is, the move, and the counts.
    for change in ({}, {"back": True}, {"version": 1}):
        with django_assert_num_queries(3):
            services.mark_read(member, "board", seqs[2] if not change.get("back") else 0, **change)


def test_the_form_without_scripts(client_of, member, stranger, public_room, seqs, owner):
    services.mark_read(member, "board", seqs[2])
    message = messages.send(owner, "board", "four", uuid.uuid4())[0]
    services.mark_read(member, "board", message.seq)
    client = client_of(member)
    page = client.get(reverse("permalink", args=["board", message.pk])).content.decode()
    address = reverse("mark_unread", args=["board", message.pk])
    assert f'formaction="{address}"' in page
    assert 'id="unread-form"' in page
    answer = client.post(address, follow=True)
    assert answer.redirect_chain == [("/catch-up", 302)]
    assert "four" in answer.content.decode()
    assert services.read_position(member, "board")["unread"] == 1
    assert client.get(address).status_code == 405
    # Each message by its own room's address, and each room by who is in it.
    assert client.post(reverse("mark_unread", args=["lobby", message.pk])).status_code == 404
    assert client_of(stranger).post(address).status_code == 404
    public = messages.send(owner, "lobby", "hello", uuid.uuid4())[0]
    page = client_of(stranger).get(reverse("permalink", args=["lobby", public.pk])).content.decode()
    assert "unread-form" not in page
    assert client_of(stranger).post(reverse("mark_unread", args=["lobby", public.pk])).status_code == 403


def test_catch_up_marks_what_it_showed_and_not_what_came_since(client_of, owner, member, seqs):
    client = client_of(member)
    page = client.get("/catch-up").content.decode()
    assert f'name="seq" value="{seqs[2]}"' in page
    assert f'data-head="{seqs[2]}"' in page
    messages.send(owner, "board", "came since", uuid.uuid4())
    client.post("/catch-up", {"room": "board", "seq": seqs[2]})
    assert services.read_position(member, "board")["unread"] == 1
    client.post("/catch-up", {"room": "board", "seq": "none"})
    assert services.read_position(member, "board")["unread"] == 0
