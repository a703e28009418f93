"""Typing indicators, in memory only: entries expire, and losing one does no harm."""

from typing import Any

from accounts.models import User
from accounts.payloads import user_brief
from chatsite.realtime.delivery import delivery, peers
from chatsite.realtime.limits import event_costs
from chatsite.realtime.scheduling.background import Timer

# Seconds after the last sign of typing: G7 of docs/protocol.md.
TYPING_SECONDS = 6.0

# People typing here: by room slug and user id, the person and the timer that ends it.
typists: dict[str, dict[int, tuple[User, Timer]]] = {}
# People typing in other processes: by room slug and user id, the event's data and a timer in case its end is lost.
elsewhere: dict[str, dict[int, tuple[dict[str, Any], Timer]]] = {}
LATE_SECONDS = 1.0


def start(slug: str, user: User) -> None:
    """Send `typing` and restart its timer."""
    forget(slug, user)
    typists.setdefault(slug, {})[user.pk] = (user, Timer(TYPING_SECONDS, stop, slug, user))
    send(slug, user, True)


def stop(slug: str, user: User) -> None:
    """Send the end of `typing` if the person was typing in any process."""
    if slug not in typists and slug not in elsewhere:
        return
    local, remote = forget(slug, user), forget_elsewhere(slug, user.pk)
    if local or remote:
        send(slug, user, False)


def forget(slug: str, user: User) -> bool:
    """Remove a person who types here; return whether they did."""
    return forget_in(typists, slug, user.pk)


def forget_in(kept: dict[str, dict[int, tuple[Any, Timer]]], slug: str, user_id: int) -> bool:
    """Remove an entry and cancel its timer; return whether there was one."""
    entry = kept.get(slug, {}).pop(user_id, None)
    if entry is None:
        return False
    entry[1].cancel()
    if not kept[slug]:
        del kept[slug]
    return True


def send(slug: str, user: User, typing: bool) -> None:
    """Send `typing` to the room's other subscribers, in every process."""
    data = {"room": slug, "user": user_brief(user), "typing": typing}
    delivery.to_room(slug, "typing", data, skip_user=user.pk, droppable=True, everywhere=True)
    event_costs.charge_for_room(user.pk, slug)


def on_remote_typing(slug: str, user_id: int, data: dict[str, Any]) -> None:
    """Note an event that another process sent; its clients have received it already. Malformed data is ignored."""
    if not isinstance(data.get("user"), dict) or not isinstance(data["user"].get("username"), str):
        return
    forget_elsewhere(slug, user_id)
    if data.get("typing") is True:
        timer = Timer(TYPING_SECONDS + LATE_SECONDS, end_remote, slug, user_id)
        elsewhere.setdefault(slug, {})[user_id] = (data, timer)
    elif user_id in typists.get(slug, {}):
        forget(slug, typists[slug][user_id][0])


peers.register("typing", on_remote_typing, str, int, dict)


def end_remote(slug: str, user_id: int) -> None:
    """End the typing of somebody in another process whose own end was lost."""
    entry = elsewhere.get(slug, {}).get(user_id)
    if entry is not None:
        forget_elsewhere(slug, user_id)
        delivery.to_room(slug, "typing", {**entry[0], "typing": False}, skip_user=user_id, droppable=True)


def forget_elsewhere(slug: str, user_id: int) -> bool:
    """Remove a person who types in another process; return whether they did."""
    return forget_in(elsewhere, slug, user_id)


def usernames(slug: str, without: int) -> list[str]:
    """Return who is typing in the room, except the user `without`."""
    names = {user_id: user.username for user_id, (user, _) in typists.get(slug, {}).items()}
    for user_id, (data, _) in elsewhere.get(slug, {}).items():
        names[user_id] = data["user"]["username"]
    return [name for user_id, name in names.items() if user_id != without]


def stop_everywhere(user_id: int) -> None:
    """End all typing of a person in this process."""
    for slug, people in list(typists.items()):
        if user_id in people:
            stop(slug, people[user_id][0])


def stop_invisible(user_id: int, invisible: bool) -> None:
    """End all typing of a person who became invisible."""
    if invisible:
        stop_everywhere(user_id)
