"""Whose request is next: by payer, few at once, none beyond what it may cost, and what the others are told."""

import json

import pytest

from chatsite.contract.errors import RateLimited, Unavailable
from chatsite.realtime.http import request_queue
from chatsite.realtime.http.request_payers import KnownPeople, credential_of
from chatsite.realtime.http.request_queue import PayerQueue, RequestQueue, kind_of
from chatsite.realtime.limits import request_rates
from chatsite.realtime.limits.event_costs import Budget
from chatsite.realtime.limits.request_rates import RequestRate
from tests.support.servers.harness import apart


class Live:
    waiting = 0


class Meter:
    """Each request costs `cost`."""

    waits = 0

    def __init__(self, cost=0.01):
        self.cost = cost

    def take(self):
        return self.cost


def environ(address="192.0.2.1", path="/login", **fields):
    return {"REMOTE_ADDR": address, "PATH_INFO": path, "REQUEST_METHOD": "GET", **fields}


@pytest.fixture
def queue():
    return RequestQueue(Live(), Budget(share=0.25, burst=1.0))


def put(queue, lane, *addresses):
    visits = [queue.visit(environ(address), Meter()) for address in addresses]
    for visit in visits:
        lane.put(visit)
    return visits


def order(lane, may_go=lambda payer: True):
    found = []
    while (visit := lane.first(may_go)) is not None:
        lane.take(visit)
        found.append(visit)
    return found


def test_payers_take_turns(queue):
    lane = PayerQueue()
    a1, a2, a3, b1, c1, c2 = put(queue, lane, "a", "a", "a", "b", "c", "c")
    assert order(lane) == [a1, b1, c1, a2, c2, a3]
    assert not lane
    assert not lane.expected


def test_who_may_not_go_waits_behind_the_others_and_stays(queue):
    lane = PayerQueue()
    a1, b1, b2 = put(queue, lane, "a", "b", "b")
    assert order(lane, lambda payer: payer != "a") == [b1, b2]
    assert order(lane) == [a1]


def test_a_known_person_is_their_own_payer_and_a_made_up_cookie_is_its_address(queue):
    cookie = {"HTTP_COOKIE": "tz=UTC; sessionid=secret; theme=dark"}
    first = queue.visit(environ(**cookie), Meter())
    assert first.payer == "192.0.2.1"
    first.is_of(7)
    queue.leave(first, 200)
    assert queue.visit(environ("198.51.100.9", **cookie), Meter()).payer == 7
    assert queue.visit(environ(HTTP_COOKIE="sessionid=made-up"), Meter()).payer == "192.0.2.1"
    again = queue.visit(environ(**cookie), Meter())
    again.is_of(None)
    queue.leave(again, 200)
    assert queue.visit(environ(**cookie), Meter()).payer == "192.0.2.1"


def test_known_people_are_bounded(monkeypatch):
    monkeypatch.setattr("chatsite.realtime.http.request_payers.REMEMBERED_CREDENTIALS", 3)
    people = KnownPeople()
    for number in range(1, 6):
        people.learn(number, number)
    assert [people.person(number) for number in range(1, 6)] == [None, None, 3, 4, 5]


def test_credentials():
    assert credential_of({}) == 0
    assert credential_of({"HTTP_COOKIE": "xsessionid=a"}) == 0
    session = credential_of({"HTTP_COOKIE": "a=b;sessionid=x"})
    assert session == credential_of({"HTTP_COOKIE": "sessionid=x; a=b"}) != 0
    assert credential_of({"HTTP_AUTHORIZATION": "Token x", "HTTP_COOKIE": "sessionid=x"}) not in (0, session)


def test_what_one_costs_is_theirs_and_too_much_is_refused(queue):
    spender = queue.visit(environ(), Meter(cost=4.0))
    queue.leave(spender, 200)
    with pytest.raises(RateLimited) as refused:
        queue._check(queue.visit(environ(), Meter()))
    assert 11 < refused.value.retry_after <= 12.5
    queue._check(queue.visit(environ("192.0.2.2"), Meter()))
    assert not queue._may_go("192.0.2.1")
    assert queue._may_go("192.0.2.2")


def test_this_machine_has_no_budget_but_its_people_have(queue):
    queue.leave(queue.visit(environ("127.0.0.1"), Meter(cost=60.0)), 200)
    queue._check(queue.visit(environ("127.0.0.1"), Meter()))
    known = queue.visit(environ("127.0.0.1", HTTP_COOKIE="sessionid=x"), Meter(cost=60.0))
    known.is_of(7)
    queue.leave(known, 200)
    with pytest.raises(RateLimited):
        queue._check(queue.visit(environ("127.0.0.1", HTTP_COOKIE="sessionid=x"), Meter()))


def test_monitors_are_not_held_up_by_their_address(queue):
    queue.leave(queue.visit(environ(), Meter(cost=60.0)), 200)
    queue._check(queue.visit(environ(path="/healthz"), Meter()))


def test_more_than_can_be_waited_for_is_refused(queue, monkeypatch):
    monkeypatch.setattr(request_queue, "MAX_WAITING", 2)
    queue._waiting = 2
    with pytest.raises(Unavailable) as refused:
        queue._check(queue.visit(environ(), Meter()))
    assert refused.value.retry_after


def test_pages_are_counted_and_files_only_where_they_are_missing(monkeypatch, settings):
    settings.THROTTLE_PAGES = "3/min"
    queue = RequestQueue(Live(), Budget(0, 1.0))
    for _ in range(5):
        file = queue.visit(environ(path="/static/css/base.css"), Meter())
        queue._check(file)
        queue.leave(file, 200)
    for path in ("/static/no.css", "/static/no.css", "/login"):
        visit = queue.visit(environ(path=path), Meter())
        queue._check(visit)
        queue.leave(visit, 404)
    for path in ("/login", "/static/css/base.css"):
        with pytest.raises(RateLimited):
            queue._check(queue.visit(environ(path=path), Meter()))
    queue._check(queue.visit(environ("192.0.2.2"), Meter()))
    for _ in range(5):
        queue._check(queue.visit(environ("127.0.0.1"), Meter()))


def test_rates(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(request_rates, "monotonic", lambda: now[0])
    rate = RequestRate("60/min", "test")
    assert [rate.wait("a") for _ in range(60)] == [0.0] * 60
    assert rate.wait("a") == pytest.approx(1.0)
    assert rate.owed("a") == pytest.approx(1.0)
    assert rate.wait("b") == rate.owed("c") == 0
    now[0] += 1.0
    assert rate.wait("a") == 0
    assert [RequestRate("0/min", "test").wait("a") for _ in range(100)] == [0.0] * 100


def test_rates_forget_who_may_ask_again(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(request_rates, "monotonic", lambda: now[0])
    monkeypatch.setattr(request_rates, "REMEMBERED_PAYERS", 10)
    rate = RequestRate("60/min", "test")
    for number in range(100):
        rate.wait(number)
        now[0] += 2.0
    assert len(rate._until) <= 21


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/socket.io/", "live"),
        ("/static/x", "file"),
        ("/healthz", "health"),
        ("/healthz/", "health"),
        ("/healthzz", "page"),
        ("/", "page"),
    ],
)
def test_kinds(path, kind):
    assert kind_of(path) == kind


IN_THE_HUB = """
import json, os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
from chatsite.realtime.worker.eventlet_worker import patch
patch()
import django
django.setup()
import eventlet
from chatsite.realtime.scheduling import loop_meter
from chatsite.realtime.limits.event_costs import Budget
from chatsite.realtime.http.request_queue import RequestQueue

class Live:
    waiting = 0

queue, log, slow_seconds = RequestQueue(Live(), Budget(0, 1.0)), [], 0.3

def application(environ, start_response):
    log.append(environ["REMOTE_ADDR"])
    if environ["PATH_INFO"] == "/slow":
        eventlet.sleep(slow_seconds)
        log.append("slow ends")
    if environ["PATH_INFO"] == "/poll":
        environ["chatsite.visit"].step_aside()
        eventlet.sleep(0.3)
        log.append("poll ends")
    return [b""]

queued = queue.around(application)

def ask(address, path="/"):
    def run():
        loop_meter.start()
        queued({"REMOTE_ADDR": address, "PATH_INFO": path, "REQUEST_METHOD": "GET"}, lambda *a: None)
    return eventlet.spawn(run)
"""


def said(script):
    return json.loads(apart(IN_THE_HUB + script).splitlines()[-1])


def test_eight_of_one_let_another_in_between():
    script = """
for thread in [ask("a") for _ in range(8)] + [ask("b")]: thread.wait()
print(json.dumps(log))
"""
    assert "b" in said(script)[:3]


def test_the_hub_has_a_turn_between_two():
    script = """
turns = []
def turn():
    while len(log) < 5:
        turns.append(len(log))
        eventlet.sleep(0)
threads = [ask("a") for _ in range(5)] + [eventlet.spawn(turn)]
for thread in threads: thread.wait()
print(json.dumps(turns))
"""
    assert set(said(script)) >= {1, 2, 3, 4}


@pytest.mark.parametrize("path", ["/slow", "/poll"])
def test_one_that_waits_lets_others_go_on(path):
    script = f"""
for thread in [ask("a", {path!r}), ask("b"), ask("c")]: thread.wait()
print(json.dumps([log, queue._begun, len(queue._computing), queue._waiting, round(queue._expected, 6)]))
"""
    log, *left = said(script)
    assert log == ["a", "b", "c", f"{path[1:]} ends"]
    assert left == [0, 0, 0, 0]


def test_one_payer_begins_so_many_at_once_and_no_more():
    script = """
slow_seconds = 60
threads = [ask("a", "/slow") for _ in range(12)] + [ask("b")]
with eventlet.Timeout(30):
    while log.count("a") < 8 or "b" not in log:
        eventlet.sleep(0.01)
eventlet.sleep(0.1)
print(json.dumps([log.count("a"), log.count("b"), queue._begun]))
"""
    assert said(script) == [8, 1, 8]


def test_live_events_go_first_and_not_for_ever():
    script = """
Live.waiting = 1
from time import monotonic
began = monotonic()
queue._costs["page"] = 0.005
ask("a").wait()
took = monotonic() - began
print(json.dumps(took))
"""
    assert said(script) >= 0.015


def test_a_meter_counts_its_own_greenlet_alone():
    script = """
from time import thread_time
def busy(seconds):
    until = thread_time() + seconds
    while thread_time() < until: pass
found = []
def metered():
    meter = loop_meter.start()
    busy(0.05)
    eventlet.sleep(0)
    found.append(meter.take())
    eventlet.sleep(0)
    found.append(meter.take())
threads = [eventlet.spawn(metered), eventlet.spawn(busy, 0.3)]
for thread in threads: thread.wait()
print(json.dumps(found))
"""
    first, second = said(script)
    assert 0.05 <= first < 0.15
    assert second < 0.05
