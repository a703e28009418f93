"""Argon2 in a thread of its own: a hash takes a while, and every socket waits in the same loop."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TypeVar

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import transaction

from chatsite.contract.errors import Unavailable
from chatsite.realtime.scheduling.threads import in_thread

T = TypeVar("T")

CONCURRENT_HASHES = 2
# Behind that many, a person would wait for seconds; and a flood would queue for ever.
MAX_WAITING_HASHES = 64

hash_slots = BoundedSemaphore(CONCURRENT_HASHES)
queued = 0


class ThreadedArgon2PasswordHasher(Argon2PasswordHasher):
    # OWASP's second choice (19 MiB, two passes, one lane). Django's own takes 100 MB and eight threads a hash.
    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        return in_hash_thread(super().encode, password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        return in_hash_thread(super().verify, password, encoded)


def in_hash_thread(hashing: Callable[..., T], *args: str) -> T:
    # Who gives way inside a transaction freezes all others that write (SQLite). Only the admin's forms do.
    if transaction.get_connection().in_atomic_block:
        return hashing(*args)
    with hash_slot():
        return in_thread(hashing, *args)


@contextmanager
def hash_slot() -> Iterator[None]:
    """One of the two places. Raises Unavailable where too many wait already."""
    global queued  # noqa: PLW0603
    if queued >= MAX_WAITING_HASHES:
        raise Unavailable("Too many people are logging in. Try again in a moment.", retry_after=5)
    queued += 1
    try:
        with hash_slots:
            yield
    finally:
        queued -= 1
