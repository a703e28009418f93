"""Find a request's payer before Django is asked: a person whose session or token Django recognised lately, or
an address.

An unknown cookie is nobody's, so that a client which sends a new one each time is still one address. What is
remembered decides about turns and costs; whether the request may do anything is decided anew each time.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from django.conf import settings

# Sessions and tokens that are remembered, the latest ones.
REMEMBERED_CREDENTIALS = 10_000
SESSION = re.compile(rf"(?:^|;)\s*{re.escape(settings.SESSION_COOKIE_NAME)}=([^;]+)")


def credential_of(environ: Mapping[str, Any]) -> int:
    """Return a number that stands for the request's token or session, 0 for none. The secret itself isn't
    kept."""
    token = environ.get("HTTP_AUTHORIZATION")
    if token:
        return hash(("token", token))
    found = SESSION.search(environ.get("HTTP_COOKIE", ""))
    return hash(("session", found[1])) if found else 0


class KnownPeople:
    """The people of recently used credentials."""

    def __init__(self) -> None:
        self._people: OrderedDict[int, int] = OrderedDict()

    def person(self, credential: int) -> int | None:
        """Return the id of the credential's person when Django was last asked, None for an unknown
        credential."""
        return self._people.get(credential)

    def learn(self, credential: int, person: int | None) -> None:
        """Remember the credential's person; None where it is nobody's, or nobody's any more."""
        self._people.pop(credential, None)
        if person is None or not credential:
            return
        self._people[credential] = person
        if len(self._people) > REMEMBERED_CREDENTIALS:
            self._people.popitem(last=False)
