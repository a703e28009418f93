"""Whatever is sent as an event's object: an ack of the contract, and the connection stays."""

import json
import math

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chatsite.contract.events import REQUESTS
from tests.support.clients.cast import Chatter, settle
from tests.support.hostile_values import CODES, OBJECTS
from tests.support.servers.harness import serve

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def chatter(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("strange")) as server:
        chatter = Chatter(server, settle(server)["member"])
        chatter.server = server
        yield chatter
        chatter.close()


def sendable(value):
    """What JSON on the wire can say: no lone surrogates, and no infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else 0.0
    if isinstance(value, str):
        return value.encode("utf-8", "ignore").decode()
    if isinstance(value, list):
        return [sendable(item) for item in value]
    if isinstance(value, dict):
        return {sendable(key): sendable(item) for key, item in value.items()}
    return value


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(event=st.sampled_from(REQUESTS), data=OBJECTS)
def test_every_event_gets_its_answer(chatter, event, data):
    data = sendable(data)
    assume(len(json.dumps(data)) < 60_000)
    ack = chatter.call(event, data)
    assert ack["ok"] is True or ack["error"]["code"] in CODES
    assert chatter.io.connected


def test_and_nothing_was_logged_as_a_fault(chatter):
    assert "Traceback" not in chatter.server.log.read_text()
