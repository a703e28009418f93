"""Deadlines of the server that a test's clients, all in one process on a busy machine, may not meet: where the test isn't
about them, it sets ASKING, seconds for a new client to ask to come in, and STUCK, those for one at a full threshold."""

import os

from chatsite.realtime.engineio import handshake_queue
from chatsite.realtime.socketio import server, session

server.DEADLINE = session.DEADLINE = float(os.environ.get("ASKING", session.DEADLINE))
handshake_queue.STUCK = float(os.environ.get("STUCK", handshake_queue.STUCK))
