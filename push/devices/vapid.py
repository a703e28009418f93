"""The site's key for web push: made once, with the first start, and never replaced while a device depends on it."""

import logging
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from chatsite.contract.errors import Unavailable
from push.models import PushSubscription, VapidKey

logger = logging.getLogger(__name__)

# The row's id: the database lets two processes that start at once make one key.
ROW = 1


class Key(NamedTuple):
    """The key's two halves, in base64 as URLs have it."""

    private: str
    public: str


def key() -> Key:
    """Return the key, which is made if there was none yet. Raises Unavailable where it was lost: subscriptions are bound to
    it, and another would silently end them."""
    row = VapidKey.objects.filter(pk=ROW).first() or make()
    return Key(row.private, row.public)


def make() -> VapidKey:
    """Store a new key, or return that which another process stored. Raises Unavailable."""
    # Imported where it is needed, once in a site's life: it takes some megabytes.
    from push.sending.encryption import encoded, new_key

    if PushSubscription.objects.exists():
        logger.error("The key of web push is lost. ./run doctor says what to do.")
        raise Unavailable("The key of web push is lost. An administrator can help.")
    private, public = map(encoded, new_key())
    with transaction.atomic():
        return VapidKey.objects.get_or_create(pk=ROW, defaults={"private": private, "public": public})[0]


def subject() -> str:
    """Return where push services reach the operator (RFC 8292, 2.1): the site's address, or that of its mail."""
    if settings.SECURE:
        return str(settings.SITE_URL)
    host = urlsplit(settings.SITE_URL).hostname
    return f"mailto:chat@{host}"
