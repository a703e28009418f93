"""Argon2 in threads: while a hash is computed in the main thread, no socket of the process is served."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TypeVar

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import transaction

from chatsite.contract.errors import Unavailable
from chatsite.realtime.scheduling.background import in_thread

T = TypeVar("T")

CONCURRENT_HASHES = 2
# Hashes that may wait. Beyond these a login would take seconds, and a flood of logins would queue without end.
MAX_WAITING_HASHES = 64

hash_slots = BoundedSemaphore(CONCURRENT_HASHES)
queued = 0


class ThreadedArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2 with OWASP's second parameter set, hashed in a thread."""

    # OWASP's second choice: 19 MiB, two passes, one lane. Django's default takes 100 MB and eight threads a hash.
    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        return in_hash_thread(super().encode, password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        return in_hash_thread(super().verify, password, encoded)


def in_hash_thread(hashing: Callable[..., T], *args: str) -> T:
    """Return `hashing(*args)`, computed in a thread while others run."""
    # Switching greenlets inside a transaction would block all other writers on SQLite. Only the admin's forms hash in
    # one.
    if transaction.get_connection().in_atomic_block:
        return hashing(*args)
    with hash_slot():
        return in_thread(hashing, *args)


@contextmanager
def hash_slot() -> Iterator[None]:
    """Hold one of CONCURRENT_HASHES slots for the block. Raises Unavailable if MAX_WAITING_HASHES wait already."""
    global queued  # noqa: PLW0603
    if queued >= MAX_WAITING_HASHES:
        raise Unavailable("Too many people are logging in. Try again in a moment.", retry_after=5)
    queued += 1
    try:
        with hash_slots:
            yield
    finally:
        queued -= 1
