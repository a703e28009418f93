"""References to people and rooms in texts: looked up together for many texts, and stored as mentions for unread counts."""

from collections.abc import Iterable, Sequence, Set

from django.db.models.functions import Lower

from accounts.models import User
from chatsite.database import sql
from emoji import names as emoji
from messaging.models import Message
from messaging.rendering import CALLS, names_in
from rooms.membership.calls import callers_among
from rooms.models import Room


class References:
    """People and rooms that texts name; at most two queries. Also sees to it that the site's own emoji are known."""

    def __init__(self, bodies: Iterable[str]) -> None:
        self._names = {body: names_in(body) for body in bodies}
        if any(":" in body for body in self._names):
            emoji.ensure()
        people = {name for names, _ in self._names.values() for name in names}
        slugs = {slug for _, slugs in self._names.values() for slug in slugs}
        self._people: dict[str, tuple[int, str]] = self._find_people(people) if people else {}
        self._rooms: dict[str, str] = self._find_rooms(slugs) if slugs else {}

    @staticmethod
    def _find_people(names: set[str]) -> dict[str, tuple[int, str]]:
        """Return ids and usernames of active people by lower-cased username."""
        found = User.objects.annotate(lower=Lower("username")).filter(lower__in=names, is_active=True)
        return {username.lower(): (pk, username) for pk, username in found.values_list("pk", "username")}

    @staticmethod
    def _find_rooms(slugs: set[str]) -> dict[str, str]:
        """Return names of public rooms by slug: their existence is no secret, and all readers get the same links."""
        public = Room.objects.filter(slug__in=slugs, kind=Room.Kind.PUBLIC)
        return dict(public.values_list("slug", "name"))

    @property
    def anybody(self) -> bool:
        """Whether any of the texts names a person."""
        return bool(self._people)

    def ids_in(self, body: str) -> set[int]:
        """Return the ids of people whom the text names."""
        return {self._people[name][0] for name in self._names[body][0] if name in self._people}

    def people_in(self, body: str) -> dict[str, str]:
        """Return the usernames that the text names by their lower case."""
        return {name: self._people[name][1] for name in self._names[body][0] if name in self._people}

    def calls_in(self, body: str) -> Set[str]:
        """Return the words of the text that would call everybody."""
        return CALLS & self._names[body][0] - self._people.keys()

    def allowed(self, asked: Iterable[tuple[str, int, int]]) -> dict[tuple[str, int, int], Set[str]]:
        """Return the words by which (text, room id, sender id) calls everybody, of those whose senders may do that. One
        query, and none where no text has any."""
        calling = {each: calls for each in asked if (calls := self.calls_in(each[0]))}
        may = callers_among((room, sender) for _, room, sender in calling) if calling else set()
        return {each: calls for each, calls in calling.items() if each[1:] in may}

    def rooms_in(self, body: str, room: Room) -> dict[str, str]:
        """Return the names of rooms that the text names by slug: public ones, and the room itself."""
        slugs = self._names[body][1]
        return {slug: self._rooms[slug] for slug in slugs if slug in self._rooms} | (
            {room.slug: room.name} if room.slug in slugs else {}
        )

    def store_mentions(self, messages: Sequence[Message]) -> None:
        """Store who is mentioned in these of the texts, for unread counts: members of the room, except the sender."""
        if not self.anybody:
            return
        wanted = (
            {"room_id": message.room_id, "seq": message.seq, "user_id": user_id}
            for message in messages
            for user_id in self.ids_in(message.body) - {message.sender_id}
        )
        # One statement: four hundred objects of the ORM took 20 ms, in which nobody else could write.
        sql.run(
            f"""INSERT INTO rooms_mention (room_id, seq, user_id)
                SELECT given.room_id, given.seq, given.user_id
                FROM {sql.rows_in(room_id="bigint", seq="bigint", user_id="bigint")}
                JOIN rooms_membership m ON m.room_id = given.room_id AND m.user_id = given.user_id""",
            sql.packed(wanted),
        )
