"""Names of notifications: the same for all pushes of one room to one person, so that they replace each other.

A push service sees it as the `Topic` of a push. It must learn nothing by it: neither the room, nor that two people are in
the same one. Never anything of the text.
"""

from base64 import urlsafe_b64encode

from django.utils.crypto import salted_hmac

SALT = "push.tags"
# 18 bytes are 24 characters of base64; a Topic has at most 32 (RFC 8030, 5.4).
TAG_BYTES = 18


def tag_of(user_id: int, place: str) -> str:
    """Return the tag of a person's notifications of a place: a room's slug, or a word of ours for what is in none."""
    digest = salted_hmac(SALT, f"{user_id}:{place}", algorithm="sha256").digest()
    return urlsafe_b64encode(digest[:TAG_BYTES]).decode()
