"""What a message between processes looks like. Whoever may write to Redis is not believed for that: each message is
signed with the site's secret, and read with care.
"""

import hmac
from hashlib import blake2b, sha256
from struct import Struct
from typing import Any, NamedTuple

import orjson

# The kinds: a durable event of a room, a passing one, one for a user's connections, and a word among processes.
LOG, PASSING, USER, WORD = b"L", b"P", b"U", b"W"
KINDS = LOG + PASSING + USER + WORD
# Version, kind, worker, seq of the first event, and the user who isn't to get it (0: nobody).
HEAD = Struct("!cc8sQQ")
VERSION = b"1"
SIGNATURE = 16
# A body of 10,000 characters and its html, with much to escape in both.
LONGEST = 512 * 1024


class Envelope(NamedTuple):
    kind: bytes
    worker: str
    seq: int
    skip_user: int
    payload: bytes


class Seal:
    def __init__(self, secret: str) -> None:
        self._key = sha256(f"chatsite.bus:{secret}".encode()).digest()
        # Sites that share a Redis don't hear each other.
        self.prefix = f"chat:{sha256(self._key).hexdigest()[:12]}:"

    def close(self, channel: str, envelope: Envelope) -> bytes:
        kind, worker, seq, skip_user, payload = envelope
        content = HEAD.pack(VERSION, kind, worker.encode(), seq, skip_user) + payload
        return self._sign(channel, content) + content

    def open(self, channel: str, data: bytes) -> Envelope | None:
        """None for what isn't one of ours."""
        content = data[SIGNATURE:]
        if not HEAD.size <= len(content) <= LONGEST:
            return None
        if not hmac.compare_digest(self._sign(channel, content), data[:SIGNATURE]):
            return None
        version, kind, worker, seq, skip_user = HEAD.unpack_from(content)
        if version != VERSION or kind not in KINDS:
            return None
        return Envelope(kind, worker.decode("ascii", "replace"), seq, skip_user, content[HEAD.size :])

    def digest(self, secret: str) -> str:
        """Names a secret to those who know it already."""
        return blake2b(secret.encode(), key=self._key, digest_size=SIGNATURE).hexdigest()

    def _sign(self, channel: str, content: bytes) -> bytes:
        return blake2b(content, key=self._key, digest_size=SIGNATURE, person=person(channel)).digest()


def person(channel: str) -> bytes:
    return sha256(channel.encode()).digest()[:16]


def event_of(payload: bytes) -> tuple[str, dict[str, Any]] | None:
    """The name and the data of a Socket.IO event, or None for anything else."""
    try:
        found = orjson.loads(payload.removeprefix(b"42"))
    except orjson.JSONDecodeError:
        return None
    if payload[:2] != b"42" or not isinstance(found, list) or len(found) != 2:
        return None
    name, data = found
    return (name, data) if isinstance(name, str) and isinstance(data, dict) else None
