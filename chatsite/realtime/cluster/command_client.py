"""For a command, which is none of the site's processes: they are told what it ends, and it waits until that has ended."""

import logging
import secrets
from typing import Any

import orjson
from django.conf import settings
from django.db import DatabaseError
from redis.exceptions import RedisError

from chatsite.realtime.cluster import topology
from chatsite.realtime.cluster.envelope import WORD, Envelope, Seal
from chatsite.realtime.cluster.relay import WORDS
from chatsite.realtime.cluster.revocation_barrier import ENDING, RevocationBarrier
from chatsite.realtime.delivery.peers import NoPeers

logger = logging.getLogger(__name__)


class CommandClient(NoPeers):
    """Says, and hears nothing. `ended` once something has that the processes may not know yet."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(4)
        self.ended = False

    def tell(self, word: str, *parts: Any) -> None:
        self.ended = self.ended or word in ENDING
        try:
            self._publish(orjson.dumps([word, *parts]))
        except (RedisError, OSError) as error:
            logger.warning("The site's processes can't be told, and see for themselves: %s", error)

    def _publish(self, payload: bytes) -> None:
        seal, server = Seal(settings.SECRET_KEY), topology.server(settings.REDIS_URL)
        channel = seal.prefix + WORDS
        server.refresh()
        data = seal.close(WORDS, Envelope(WORD, self.name, 0, 0, payload))
        server.client(server.place(channel)).execute_command(server.verbs.publish, channel, data)

    def wait(self) -> None:
        """Some seconds, until each has looked at the database."""
        try:
            RevocationBarrier(self.name).wait([])
        except DatabaseError as error:
            logger.warning("It isn't known whether it has ended everywhere: %s", error)
