"""The bus for a command (`manage.py`): it tells the site's processes what it ends, and waits until that has
ended."""

import logging
import secrets
from typing import Any

import orjson
from django.conf import settings
from django.db import DatabaseError
from redis.exceptions import RedisError

from chatsite.realtime.cluster import topology
from chatsite.realtime.cluster.envelope import WORD, Envelope, Seal
from chatsite.realtime.cluster.relay import PROCESS_CHANNEL
from chatsite.realtime.cluster.revocation_barrier import ENDING, RevocationBarrier
from chatsite.realtime.delivery.peers import Peers

logger = logging.getLogger(__name__)


class CommandClient(Peers):
    """Publishes, and receives nothing. `ended` is set once a message was sent that ends a right."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(4)
        self.ended = False

    def notify(self, word: str, *parts: Any) -> None:
        self.ended = self.ended or word in ENDING
        try:
            self._publish(orjson.dumps([word, *parts]))
        except (RedisError, OSError) as error:
            logger.warning("The site's processes can't be told, and see for themselves: %s", error)

    def _publish(self, payload: bytes) -> None:
        seal, server = Seal(settings.SECRET_KEY), topology.server(settings.REDIS_URL)
        channel = seal.prefix + PROCESS_CHANNEL
        server.refresh()
        data = seal.close(PROCESS_CHANNEL, Envelope(WORD, self.name, 0, 0, payload))
        server.client(server.node(channel)).execute_command(server.verbs.publish, channel, data)

    def wait(self) -> None:
        """Wait some seconds, until each process has rechecked its connections."""
        try:
            RevocationBarrier(self.name).wait([])
        except DatabaseError as error:
            logger.warning("It isn't known whether it has ended everywhere: %s", error)
