"""A rolling restart: whoever is to go serves until as many others do."""

import itertools
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests

from chatsite.realtime.worker.eventlet_worker import RETRY_SECONDS
from chatsite.realtime.worker.rolling_restart import RollingRestart, end, forget, replace
from tests.attacks.sockets import kept_alive
from tests.support.clients.cast import Chatter, settle
from tests.support.clients.raw_clients import RawSocket
from tests.support.run.waiting import wait_for
from tests.support.servers.harness import STOP, serve
from tests.support.servers.postgres import postgres
from tests.support.servers.redis import redis
from tests.support.servers.two_processes import folder_of
from tests.support.sites import SLOW_START

pytestmark = pytest.mark.realtime
PATIENCE = 60


def children(server):
    return set(server.workers)


@pytest.fixture(scope="module")
def stores():
    with postgres() as database, redis() as bus:
        yield {"DATABASE_URL": database, "REDIS_URL": bus.url, "tokens": {}}


# A module that a worker imports before the site's code: moved away by a new version, while the main process has the old
# one's memory.
MOVED = """
import os, sys

class Moved:
    def find_spec(self, name, *_):
        if name == "chatsite.realtime.worker.psycopg_wait" and os.path.exists(os.environ["LATE"] + "/moved"):
            raise ImportError("moved")

sys.meta_path.insert(0, Moved())
"""


@pytest.fixture
def site(stores, tmp_path):
    """Two workers. The files `wait`, `broken` and `moved` in `site.late` keep new ones from starting."""
    (tmp_path / "sitecustomize.py").write_text(MOVED)
    settings = {**stores, "LATE": str(tmp_path), "PYTHONPATH": str(tmp_path)}
    tokens = settings.pop("tokens")
    with serve(tmp_path, SLOW_START, workers=2, **settings) as server:
        tokens.update(tokens or settle(server))
        server.tokens, server.late = tokens, tmp_path
        wait_for(lambda: len(list(Path(folder_of(server) or "").glob("serving.*"))) == 2, PATIENCE)
        yield server


def restart(server):
    """SIGHUP. Gives who was there before."""
    old = children(server)
    server.process.send_signal(signal.SIGHUP)
    return old


def until_told(server, old):
    """gunicorn's main process has told the old ones to go, and told them again."""
    time.sleep(3)
    assert old <= children(server)


def answers(server, times=20):
    for _ in range(times):
        assert requests.get(f"{server.url}/readyz", timeout=20).status_code == 200


def test_the_old_ones_serve_until_the_new_ones_do(site):
    owner, member = (Chatter(site, site.tokens[name]) for name in ("owner", "member"))
    for chatter in (owner, member):
        chatter.join("board")
    (site.late / "wait").touch()
    old = restart(site)
    wait_for(lambda: len(children(site)) == 4, PATIENCE)
    until_told(site, old)
    answers(site)
    owner.say("board", "still here")
    member.wait("chat-message", body="still here")
    newcomer = Chatter(site, site.tokens["owner"])
    newcomer.join("board")
    with Askers(site) as askers:
        (site.late / "wait").unlink()
        wait_for(lambda: not old & children(site), PATIENCE)
        answers(site)
    assert askers.failed == []
    assert len(children(site)) == 2
    for chatter in (owner, member, newcomer):
        chatter.close()


class Askers:
    """Ask, each time by a new connection, all the while."""

    def __init__(self, server, number=3):
        self.url, self.failed, self.over = f"{server.url}/healthz", [], threading.Event()
        self.threads = [threading.Thread(target=self.ask) for _ in range(number)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def ask(self):
        while not self.over.wait(0.02):
            try:
                answer = requests.get(self.url, timeout=30)
                if answer.status_code != 200:
                    self.failed.append(answer.status_code)
            except requests.RequestException as error:
                self.failed.append(repr(error))

    def __exit__(self, *error):
        self.over.set()
        for thread in self.threads:
            thread.join()


def failures(server):
    return server.log.read_text().count("the old ones serve on")


def fail_to_restart(server, why="broken"):
    """Gives those who serve on."""
    (server.late / why).touch()
    old = restart(server)
    wait_for(lambda: failures(server) == 2, PATIENCE)
    wait_for(lambda: children(server) == old, PATIENCE)
    until_told(server, old)
    return old


def test_a_version_that_does_not_start_replaces_nobody_until_one_does(site):
    old = fail_to_restart(site)
    answers(site)
    owner = Chatter(site, site.tokens["owner"])
    owner.join("board")
    owner.say("board", "nothing happened")
    owner.wait("chat-message", body="nothing happened")
    owner.close()
    (site.late / "broken").unlink()
    restart(site)
    wait_for(lambda: not old & children(site), PATIENCE)
    answers(site)


def test_after_a_version_that_does_not_start_the_site_stops_as_ever(site):
    with sockets(site) as ends:
        fail_to_restart(site, "moved")
        site.process.terminate()
        assert {end.result() for end in ends} == {1001}
    assert site.process.wait(STOP) == 0


@contextmanager
def sockets(site):
    """Four, and the codes with which the server closes them, to come; their pings are answered until then."""
    opened = [RawSocket(site).connect(site.tokens["member"]) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool, kept_alive(opened):
        try:
            yield [pool.submit(one.end) for one in opened]
        finally:
            for one in opened:
                with suppress(OSError):
                    one.socket.shutdown(socket.SHUT_RDWR)


def test_a_lost_worker_is_replaced_by_a_version_that_does_not_start_only_now_and_then(site):
    old = fail_to_restart(site)
    os.kill(min(old), signal.SIGKILL)
    began = time.monotonic()
    wait_for(lambda: failures(site) == 3, PATIENCE)
    time.sleep(5)
    answers(site)
    assert failures(site) - 2 <= 1 + (time.monotonic() - began) / RETRY_SECONDS
    (site.late / "broken").unlink()
    wait_for(lambda: len(list(folder_of(site).glob("serving.*"))) == 2, PATIENCE)
    answers(site)


def test_in_the_midst_of_it_the_site_stops_as_ever(site):
    with sockets(site) as ends:
        (site.late / "wait").touch()
        old = restart(site)
        wait_for(lambda: len(children(site)) == 4, PATIENCE)
        until_told(site, old)
        site.process.terminate()
        (site.late / "wait").unlink()
        assert {end.result() for end in ends} == {1001}
    assert site.process.wait(STOP) == 0


@pytest.fixture
def family(tmp_path):
    """Makes the two old ones, 1 and 2, and those after them."""
    number = itertools.count(1)

    def one():
        return RollingRestart(tmp_path, next(number), 2)

    one.folder = tmp_path
    return one


def test_who_is_not_replaced_goes_at_once_and_with_everybody_else(family):
    old, young = family(), family()
    replace(family.folder, 1)
    old.begin()
    assert not old.may_go()
    assert young.may_go()
    end(family.folder)
    assert old.may_go()
    # The next restart has nothing to do with that.
    replace(family.folder, 2)
    assert not old.may_go()


def test_who_is_replaced_goes_when_as_many_younger_ones_serve(family):
    first, second, third, fourth = (family() for _ in range(4))
    for worker in (first, second):
        worker.begin()
    replace(family.folder, 2)
    assert third.has_predecessors()
    assert not first.has_predecessors()
    assert not first.may_go()
    third.begin()
    assert first.may_go()
    assert not second.may_go()
    forget(family.folder, 1)
    assert not second.may_go()
    fourth.begin()
    assert second.may_go()
    forget(family.folder, 2)
    assert not third.has_predecessors()


def test_one_alone_goes_when_it_is_told():
    alone = RollingRestart(None, 1, 1)
    alone.begin()
    assert alone.may_go()
    assert not alone.has_predecessors()
