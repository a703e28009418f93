"""Connections that keep what they hear, and what waits for a commit."""

from contextlib import contextmanager

import pytest

from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity
from tests.support.recording_channel import RecordingChannel


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """`with committed():` does at its end what waits for the commit."""

    @contextmanager
    def committed():
        with django_capture_on_commit_callbacks(execute=True):
            yield

    return committed


@pytest.fixture
def connected():
    """`connected(user, "sid")` is the channel of a connection."""
    connections = []

    def connected(user, sid):
        connection = Connection(sid, Identity(user.pk, user.username, session_key="x"), RecordingChannel())
        subscriptions.attach(connection)
        connections.append(connection)
        return connection.channel

    yield connected
    for connection in connections:
        subscriptions.detach(connection)
