"""The engine of sessions (SESSION_ENGINE): Django's, in the database, whose look-up's SQL is written once."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db import models
from django.utils import timezone

from chatsite.database.prepared import Given, Prepared

_unexpired = Prepared(
    lambda: Session.objects.filter(
        session_key=Given(0), expire_date__gt=Given(1, like=models.DateTimeField())
    )
)


class SessionStore(db.SessionStore):
    """Django's. Its name is part of what signs the data of a session."""

    def _get_session_from_db(self) -> Any:
        found = _unexpired.first(self.session_key, timezone.now())
        if found is None:
            self._session_key = None
        return found
