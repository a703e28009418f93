"""The form of a message between processes. Whoever can write to Redis isn't trusted for that: each message is
signed with the site's secret, and parsed strictly."""

import hmac
from hashlib import blake2b, sha256
from struct import Struct
from typing import Any, NamedTuple

import orjson

# Kinds: a durable event of a room, a passing one, an event for a user's connections, a message among processes, and
# the announcement to one process that events of a room are being stored.
LOG, PASSING, USER, WORD, STORING = b"L", b"P", b"U", b"W", b"S"
KINDS = LOG + PASSING + USER + WORD + STORING
# Version, kind, worker, seq of the first event, and the user to skip (an id; 0 for none).
HEAD = Struct("!cc8sQQ")
VERSION = b"1"
SIGNATURE_BYTES = 16
# Bytes of a message: a body of 10,000 characters and its HTML, with much to escape in both.
MAX_CONTENT_BYTES = 512 * 1024


class Envelope(NamedTuple):
    """A message. `seq` is of its first event, 0 for none; `skip_user` a user's id, 0 for none; `payload`
    packets or JSON."""

    kind: bytes
    worker: str
    seq: int
    skip_user: int
    payload: bytes


class Seal:
    """Signs and verifies messages with a key made of the site's secret."""

    def __init__(self, secret: str) -> None:
        self._key = sha256(f"chatsite.bus:{secret}".encode()).digest()
        # The prefix of the site's channels: sites that share a Redis don't receive each other's.
        self.prefix = f"chat:{sha256(self._key).hexdigest()[:12]}:"

    def close(self, channel: str, envelope: Envelope) -> bytes:
        """Return the signed bytes of a message on `channel`."""
        kind, worker, seq, skip_user, payload = envelope
        content = HEAD.pack(VERSION, kind, worker.encode(), seq, skip_user) + payload
        return self._sign(channel, content) + content

    def open(self, channel: str, data: bytes) -> Envelope | None:
        """Return the message; None for bytes that aren't this site's, or not of this channel."""
        content = data[SIGNATURE_BYTES:]
        if not HEAD.size <= len(content) <= MAX_CONTENT_BYTES:
            return None
        if not hmac.compare_digest(self._sign(channel, content), data[:SIGNATURE_BYTES]):
            return None
        version, kind, worker, seq, skip_user = HEAD.unpack_from(content)
        if version != VERSION or kind not in KINDS:
            return None
        return Envelope(kind, worker.decode("ascii", "replace"), seq, skip_user, content[HEAD.size :])

    def digest(self, secret: str) -> str:
        """Return a name of a secret for those who know the secret."""
        return blake2b(secret.encode(), key=self._key, digest_size=SIGNATURE_BYTES).hexdigest()

    def _sign(self, channel: str, content: bytes) -> bytes:
        return blake2b(content, key=self._key, digest_size=SIGNATURE_BYTES, person=person(channel)).digest()


def person(channel: str) -> bytes:
    return sha256(channel.encode()).digest()[:16]


def event_of(payload: bytes) -> tuple[str, dict[str, Any]] | None:
    """Return name and data of a Socket.IO event, None for any other packet."""
    try:
        found = orjson.loads(payload.removeprefix(b"42"))
    except orjson.JSONDecodeError:
        return None
    if payload[:2] != b"42" or not isinstance(found, list) or len(found) != 2:
        return None
    name, data = found
    return (name, data) if isinstance(name, str) and isinstance(data, dict) else None
