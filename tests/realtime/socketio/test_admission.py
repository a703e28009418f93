"""A client's admission, without a network."""

from tests.support.servers.harness import apart

REFUSALS = """
import json, os, tracemalloc
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
from chatsite.contract.errors import Unauthorized
from chatsite.realtime.socketio.routing import Router
from chatsite.realtime.socketio.server import sio

asking = []
sio.route(Router(events=[], authenticate=None, authorise=None, admit=lambda *asked: asking.append(asked)))
tracemalloc.start()
sockets = []
for number in range(50):
    sockets.append(sio.eio._open({"HTTP_COOKIE": "c" * 4000}, "203.0.113.9"))
    sockets[-1].receive_text("40" + json.dumps({"token": "x" * 50_000, "n": number}))
assert len(asking) == 50
while asking:
    asking.pop()[1](Unauthorized())
print(tracemalloc.get_traced_memory()[0] // len(sockets))
"""


def test_nothing_is_kept_of_what_a_refused_client_sent():
    """It may stay for seconds: 64 KiB of each would be much of thousands."""
    assert int(apart(REFUSALS)) < 10_000
