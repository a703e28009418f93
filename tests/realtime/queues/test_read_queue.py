"""Who reads much, and who waits for whom: in a process of its own, as nothing is patched in this one."""

from tests.support.servers.harness import apart

START = """
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
from chatsite.contract.errors import NotFound
from chatsite.realtime.queues import read_queue
from chatsite.realtime.queues.group_commit import GroupCommit
order = []

def read(name, seconds=0.01):
    order.append(f"{name} begins")
    eventlet.sleep(seconds)
    order.append(f"{name} ends")

def commit(items):
    order.append("a commit begins")
    eventlet.sleep(0.01)
    order.append("a commit ends")
    return items

messages = GroupCommit(commit)
"""


def order_of(script):
    return apart(START + script + "\nprint(*order, sep=',')").strip().split(",")


def test_one_at_a_time_and_people_in_turns():
    order = order_of("""
left = [eventlet.event.Event() for _ in range(6)]
for name, event in zip(("many", "many", "many", "many", "one", "one"), left):
    read_queue.submit(name, lambda name=name: read(name), event.send)
[event.wait() for event in left]
""")
    assert order[::2] == [f"{name} begins" for name in ("many", "one", "many", "one", "many", "many")]
    assert order[1::2] == [begins.replace("begins", "ends") for begins in order[::2]]


def test_what_is_sent_meanwhile_is_stored_before_the_next_page():
    order = order_of("""
read_queue.MAX_YIELD_SECONDS = 20

def and_somebody_sends():
    read("first")
    messages.submit("hello", order.append)

read_queue.submit("ada", and_somebody_sends, lambda outcome: None)
read_queue.wait("ada", lambda: read("second"))
""")
    # It is stored before; its answer may come while the page is read.
    order.remove("hello")
    commit = ["a commit begins", "a commit ends"]
    assert order == ["first begins", "first ends", *commit, "second begins", "second ends"]


def test_who_sends_all_the_time_does_not_keep_it_from_being_read():
    order = order_of("""
def send_again(outcome):
    messages.submit("hello", send_again)

send_again(None)
read_queue.wait("ada", lambda: read("page"))
""")
    assert "page ends" in order


def test_an_error_is_the_readers_own():
    order = order_of("""
def refuse():
    raise NotFound("no such room")

for name in ("ada", "grace"):
    try:
        read_queue.wait(name, refuse if name == "ada" else lambda: order.append("read"))
    except NotFound as error:
        order.append(error.detail)
""")
    assert order == ["no such room", "read"]
