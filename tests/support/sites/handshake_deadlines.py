"""Deadlines of the server that a test's clients, all in one process on a busy machine, may not meet: where the test isn't
about them, it sets ASKING, seconds for a new client to ask to come in, and STUCK, those for one at a full threshold."""

import os

from chatsite.realtime.engineio import handshake_queue
from chatsite.realtime.socketio import admission

admission.CONNECT_TIMEOUT_SECONDS = float(os.environ.get("ASKING", admission.CONNECT_TIMEOUT_SECONDS))
handshake_queue.STALL_SECONDS = float(os.environ.get("STUCK", handshake_queue.STALL_SECONDS))
