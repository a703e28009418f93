"""Several workers behind one port, and no stickiness: a session's request finds its worker."""

import http.client
import itertools
import re
import socket
import stat

import pytest

from tests.support.clients.cast import Chatter, settle
from tests.support.clients.raw_clients import Polling
from tests.support.run.waiting import wait_for
from tests.support.servers.harness import ANSWER, serve, standing_still
from tests.support.servers.postgres import postgres
from tests.support.servers.redis import redis
from tests.support.servers.two_processes import folder_of
from tests.support.sites import CLUSTER

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with postgres() as database, redis() as bus:
        settings = {"DATABASE_URL": database, "REDIS_URL": bus.url}
        with serve(tmp_path_factory.mktemp("workers"), CLUSTER, workers=3, **settings) as server:
            server.tokens, server.settings = settle(server), settings
            yield server


def in_each_worker(server, make):
    """Return clients that `make()` made, three in each worker: the other workers stand still meanwhile."""
    workers = server.workers
    made = []
    for serving in workers:
        with standing_still([pid for pid in workers if pid != serving]):
            made += [make() for _ in range(3)]
    return made


def test_polling_goes_on_wherever_a_request_arrives(server):
    """Reliability: 6 of 10 polling clients failed with two workers of the library's own."""
    clients = in_each_worker(server, lambda: Polling(server).connect(server.tokens["member"]))
    assert len({client.sid[:8] for client in clients}) == 3
    for client in clients:
        for _ in range(3):
            assert client.call("join", {"room": "lobby"})["ok"]


def test_a_long_post_arrives_whole(server):
    client = Polling(server).connect(server.tokens["member"])
    for size in (10, 5_000, 60_000):
        answer = client.call("leave", {"room": "x" * size})
        assert answer["ok"] is False


@pytest.mark.parametrize("transport", ["polling", "upgrade", "websocket"])
def test_everybody_hears_everybody(server, transport):
    names = itertools.cycle(["owner", "member"])
    chatters = in_each_worker(
        server, lambda: Chatter(server, server.tokens[next(names)], transport=transport)
    )
    assert len({chatter.call("inside", {})["worker"] for chatter in chatters}) == 3
    for chatter in chatters:
        chatter.join("board")
    for n, chatter in enumerate(chatters):
        chatter.say("board", f"from {n}")
    for chatter in chatters:
        for n in range(len(chatters)):
            chatter.wait("chat-message", body=f"from {n}")
        seqs = [message["seq"] for message in chatter.all("chat-message")]
        assert seqs == sorted(set(seqs))
        chatter.close()


def test_a_keptalive_connection_serves_many_sessions(server):
    """A proxy sends one client's request behind another's."""
    clients = [Polling(server).connect(server.tokens["member"]) for _ in range(8)]
    way = http.client.HTTPConnection(server.host, server.port, timeout=ANSWER)
    for client in clients * 2:
        body = b"3"
        way.request("POST", f"/socket.io/?EIO=4&transport=polling&sid={client.sid}", body=body)
        answer = way.getresponse()
        assert (answer.status, answer.read()) == (200, b"ok")
    way.close()


def test_a_session_nobody_has_is_refused(server):
    for sid in ("x" * 28, "0123456789abcdef", "../../../etc", "", "é"):
        status, body = Polling(server).request("GET", sid=sid)
        assert status == 400, (sid, body)


def workers_in(folder):
    return {path.name for path in folder.iterdir() if re.fullmatch("[0-9a-f]{8}", path.name)}


def test_the_folder_is_for_nobody_else_and_goes_with_the_server(tmp_path, server):
    with serve(tmp_path, CLUSTER, workers=2, **server.settings) as another:
        wait_for(lambda: folder_of(another))
        folder = folder_of(another)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        wait_for(lambda: len(workers_in(folder)) == 2)
        assert Polling(another).open().sid[:8] in workers_in(folder)
    assert not folder.exists()


def test_what_somebody_writes_there_is_no_request(server):
    folder = folder_of(server)
    name = Polling(server).open().sid[:8]
    for data in (b"", b"x", b"\xff" * 100, b"\0\0\0\x08" + b"x" * 100):
        with socket.socket(socket.AF_UNIX) as way:
            way.connect(str(folder / name))
            way.sendall(data)
    test_polling_goes_on_wherever_a_request_arrives(server)


def test_without_redis_several_workers_do_not_start(tmp_path):
    with pytest.raises(AssertionError, match="Several workers need REDIS_URL"), serve(tmp_path, workers=2):
        pass
