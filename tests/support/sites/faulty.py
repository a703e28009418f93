"""The site with bugs that say what they were given. Served like the real one."""

from typing import Any

import eventlet

from accounts.authentication import attempt_limits
from chatsite.wsgi import application
from messaging.sending import batch
from rooms import access

__all__ = ["application"]
render, find, attempt = batch.render, access.find, attempt_limits.attempt


def broken_render(body: str, *arguments: Any) -> Any:
    if "bug" in body:
        raise ValueError(f"cannot render {body!r}")
    return render(body, *arguments)


def broken_find(user: Any, slug: str) -> Any:
    if "later" in slug:
        eventlet.spawn_n(broken_find, user, slug.replace("later", "bug"))
        eventlet.spawn_after(0, broken_find, user, slug.replace("later", "bug"))
        eventlet.hubs.get_hub().schedule_call_global(0, broken_find, user, slug.replace("later", "bug"))
    if "bug" in slug:
        raise KeyError(slug)
    return find(user, slug)


def broken_attempt(kind: str, who: str, limit: int) -> None:
    if "bug" in who:
        raise RuntimeError(f'too many of "{who}"')
    attempt(kind, who, limit)


batch.render, access.find, attempt_limits.attempt = broken_render, broken_find, broken_attempt
