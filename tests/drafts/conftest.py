"""Connections that keep what they hear, and what waits for a commit."""

from contextlib import contextmanager

import pytest

from chatsite.realtime.delivery.identity import Identity


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """`with committed():` does at its end what waits for the commit."""

    @contextmanager
    def committed():
        with django_capture_on_commit_callbacks(execute=True):
            yield

    return committed


@pytest.fixture
def connected(attach_connection):
    """`connected(user, "sid")` is the channel of a connection."""

    def connected(user, sid):
        return attach_connection(Identity(user.pk, user.username, session_key="x"), sid=sid).channel

    return connected
