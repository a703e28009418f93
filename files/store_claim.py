"""Whose a store of files is: an object in it names the site that alone may write and delete there.

A copy of a site that has the same FILES_URL, such as one to try things out that was restored from a backup, would delete the
files of the first one with its own messages. So each installation has a token, which backups don't bring along; the store
is the site's whose token is in it, and nobody else changes anything there until somebody says so (`take`). Reading is
anybody's who has the key.
"""

import time
import uuid
from tempfile import TemporaryFile

from django.conf import settings

from files.models import StoreClaim
from files.storage import store
from files.storage.store import StoreError

# Name of the object, and its most bytes.
NAME, MAX_BYTES = "site", 100
# Seconds for which the answer is believed where something is stored; before something is deleted it is asked for anew.
CHECK_SECONDS = 60.0
REASON = "it is another site's, or this one's from before it was copied or restored: ./run manage files --take-store"


class NotOurs(StoreError):
    """The store is another site's."""

    def __init__(self) -> None:
        super().__init__(REASON)


class Checks:
    """When this process has last found that the store of this address is the site's."""

    def __init__(self) -> None:
        self._url, self._until = "", 0.0

    def check(self, anew: bool = False) -> None:
        """Raise NotOurs where the store is another site's. One that is nobody's becomes ours. Raises StoreError."""
        if not anew and self._url == settings.FILES_URL and time.monotonic() < self._until:
            return
        self._until = 0.0
        owner = owner_token()
        if owner is None:
            take()
            # Of two sites that took it at once the later one has it.
            owner = owner_token()
        if owner != own_token():
            raise NotOurs
        self._url, self._until = settings.FILES_URL, time.monotonic() + CHECK_SECONDS


checks = Checks()
check = checks.check


def owner_token() -> str | None:
    """Return what the store says; None where it says nothing. Raises StoreError."""
    try:
        found = store.get(NAME, 0, MAX_BYTES)
    except FileNotFoundError:
        return None
    try:
        return found.exactly(min(found.length, MAX_BYTES)).decode(errors="replace")
    finally:
        found.close()


def own_token() -> str:
    """Return the token of this site, made when it is first asked for."""
    claim, _ = StoreClaim.objects.get_or_create(pk=1, defaults={"token": str(uuid.uuid4())})
    return claim.token


def is_ours() -> bool:
    """Return whether the store is this site's, or nobody's. Raises StoreError."""
    return owner_token() in (None, *StoreClaim.objects.values_list("token", flat=True))


def take() -> None:
    """Make the store this site's. Raises StoreError."""
    with TemporaryFile() as file:
        file.write(own_token().encode())
        file.seek(0)
        store.put(NAME, file)


def set_token(token: str = "") -> None:
    """Give the site a token; without one a new one is made when it is asked for: the site is a copy, and what it was copied
    from may be served, too."""
    StoreClaim.objects.all().delete()
    if token:
        StoreClaim.objects.create(token=token)
