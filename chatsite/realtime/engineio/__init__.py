"""Engine.IO 4: handshakes, websockets, polling, upgrades, heartbeats and send buffers.

May import `limits` and `queues` and everything below them; knows no Socket.IO session but by the server's
handlers.
"""
