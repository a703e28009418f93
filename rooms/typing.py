"""Who is typing. Kept in memory alone: it ends by itself, and nobody misses it."""

from accounts.models import User
from accounts.payloads import user_brief
from chatsite.realtime import delivery
from chatsite.realtime.timers import Timer

# G7 of docs/protocol.md.
SECONDS = 6.0

# Room slug → user id → (the typist, the timer that ends it).
typists: dict[str, dict[int, tuple[User, Timer]]] = {}


def start(slug: str, user: User) -> None:
    """Each sign of typing is passed on, and puts the end off."""
    forget(slug, user)
    typists.setdefault(slug, {})[user.pk] = (user, Timer(SECONDS, stop, slug, user))
    tell(slug, user, True)


def stop(slug: str, user: User) -> None:
    if forget(slug, user):
        tell(slug, user, False)


def forget(slug: str, user: User) -> bool:
    entry = typists.get(slug, {}).pop(user.pk, None)
    if entry is None:
        return False
    entry[1].cancel()
    if not typists[slug]:
        del typists[slug]
    return True


def tell(slug: str, user: User, typing: bool) -> None:
    data = {"room": slug, "user": user_brief(user), "typing": typing}
    delivery.to_room(slug, "typing", data, skip_user=user.pk, droppable=True)


def usernames(slug: str, without: int) -> list[str]:
    return [user.username for user_id, (user, _) in typists.get(slug, {}).items() if user_id != without]


def stop_everywhere(user_id: int) -> None:
    """The last connection of somebody is gone."""
    for slug, people in list(typists.items()):
        if user_id in people:
            stop(slug, people[user_id][0])
