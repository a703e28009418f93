"""Deadlines of the server that a test's clients, all in one process on a busy machine, may not meet: where the test isn't
about them, it sets ASKING, seconds for a new client to ask to come in, and STUCK, those for one at a full threshold."""

import os

from chatsite.realtime import server, session, threshold

server.DEADLINE = session.DEADLINE = float(os.environ.get("ASKING", session.DEADLINE))
threshold.STUCK = float(os.environ.get("STUCK", threshold.STUCK))
