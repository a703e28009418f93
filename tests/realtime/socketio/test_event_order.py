"""A connection's events are handled in the order in which they were sent, however each of them is done."""

import json
import uuid

import pytest

from tests.support.clients.cast import rest, settle
from tests.support.clients.raw_clients import RawSocket, compact, masked
from tests.support.servers.harness import serve

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("order")) as server:
        server.tokens = settle(server)
        yield server


def burst(server, name, *events):
    """Everything in one write, the CONNECT in front; gives the numbers of the acks and the acks, in their order."""
    packets = ["40" + compact({"token": server.tokens[name]})]
    packets += [f"42{n}" + compact(event) for n, event in enumerate(events)]
    acks = []
    with RawSocket(server) as socket:
        socket.raw(b"".join(masked(packet.encode()) for packet in packets))
        while len(acks) < len(events):
            number, _, ack = socket.until("43")[2:].partition("[")
            acks.append((int(number), json.loads("[" + ack)[0]))
    return acks


def message(room):
    return ["chat-message", {"room": room, "body": "hello", "client_id": str(uuid.uuid4())}]


def test_a_burst_behind_the_connect_is_handled_in_its_order(server):
    """To come into a public room is to become a member, which a message needs; to leave ends what came before."""
    room = rest(server, server.tokens["owner"], "POST", "/room", name="Burst").json()["slug"]
    join, leave = ["join", {"room": room}], ["leave", {"room": room}]
    events = [message(room), join, message(room), message(room), leave, join, ["nothing", {}]]
    acks = burst(server, "visitor", *events)
    assert [number for number, _ in acks] == list(range(7))
    codes = [ack["ok"] or ack["error"]["code"] for _, ack in acks]
    assert codes == ["forbidden", True, True, True, True, True, "unknown_event"]


def test_joins_are_answered_in_their_order_though_some_take_longer(server):
    made = rest(server, server.tokens["owner"], "POST", "/room", name="Longer").json()["slug"]
    rooms = ["general", made, "no-such-room", "general", made]
    acks = burst(server, "stranger", *(["join", {"room": room}] for room in rooms))
    assert [number for number, _ in acks] == list(range(5))
    assert [ack["ok"] for _, ack in acks] == [True, True, False, True, True]
