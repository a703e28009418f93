"""Turns that long computations and crowds of clients give to others: in processes of their own, as this is unpatched."""

from tests.support.servers.harness import apart

START = """
import os, time, warnings
warnings.simplefilter("ignore")
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
from chatsite.realtime.scheduling import loop_meter
loop_meter.install()
import eventlet
eventlet.monkey_patch()
import django
django.setup()
from chatsite.realtime.scheduling.fair_lock import FairLock
from chatsite.realtime.scheduling import yield_points
from chatsite.realtime.scheduling.yield_points import SlicedList, yield_point
sleep, order, turn = eventlet.patcher.original("time").sleep, [], FairLock()

def other():
    order.append("other")

def compute(name, seconds, metered=True, held=False):
    # On a busy machine even nothing takes some milliseconds.
    yield_points.SLICE_SECONDS = 60 if name == "short" else 0.008
    if metered:
        loop_meter.start()
    if held:
        turn.acquire(5)
    eventlet.spawn_n(other)
    sleep(seconds)
    for _ in SlicedList([1]):
        order.append(name)
    if held:
        turn.release()
    eventlet.sleep(0)

for arguments in (("long", 0.02), ("short", 0), ("unmetered", 0.02, False), ("held", 0.02, True, True)):
    eventlet.spawn(compute, *arguments).wait()
yield_point()
print(*order)
"""


def test_who_computes_long_lets_others_go_on_where_none_wait_for_it():
    assert apart(START).split() == [
        *("other", "long"),
        *("short", "other"),
        *("unmetered", "other"),
        *("held", "other"),
    ]


CLIENTS = """
import os, socket, warnings
warnings.simplefilter("ignore")
from chatsite.realtime.scheduling import loop_meter
loop_meter.install()
import eventlet
eventlet.monkey_patch()
from eventlet import hubs
from chatsite.realtime.http import client_socket; from chatsite.realtime.scheduling import epoll
from chatsite.realtime.http.client_socket import ClientSocket
turns, ends, late = [], [], []

def serve(client, seconds):
    client.allow(seconds)
    try:
        turns.append((hubs.get_hub().turns, client.recv(10)))
        turns[-1] = hubs.get_hub().turns
    except TimeoutError:
        late.append(hubs.get_hub().turns)

original = eventlet.patcher.original("socket")
pairs = [original.socketpair() for _ in range(200)]
threads = [eventlet.spawn(serve, ClientSocket(one), 30 if n < 100 else 0.05) for n, (one, _) in enumerate(pairs)]
eventlet.sleep(0.01)
for one, other in pairs[:100]:
    other.send(b"hello")
[thread.wait() for thread in threads]
most = lambda turns: max(map(turns.count, turns))
print(len(turns), most(turns) <= epoll.HTTP_SOCKETS_PER_TURN, len(late), most(late) <= client_socket.ENDS_A_TURN)
"""


def test_clients_that_speak_or_are_late_at_once_go_on_a_few_in_each_turn():
    assert apart(CLIENTS).split() == ["100", "True", "100", "True"]
