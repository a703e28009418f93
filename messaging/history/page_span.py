"""Which page of messages is asked for."""

from dataclasses import dataclass

from django.db.models import Max, QuerySet

from chatsite.web.fields import MAX_BIGINT
from messaging.models import Message
from rooms.models import Room


@dataclass(frozen=True, slots=True)
class Span:
    """At most `limit` messages, in the order of `key`: a seq in the room `room`, an id where that is None. Newest first,
    those before `before`; or oldest first, those after `after`."""

    limit: int
    before: int | None = None
    after: int | None = None
    room: str | None = None

    @property
    def key(self) -> str:
        return "pk" if self.room is None else "seq"

    @property
    def forward(self) -> bool:
        return self.after is not None

    @property
    def border(self) -> int:
        """The place that parts what comes before from what comes after: the first one of the latter."""
        if self.after is not None:
            return min(self.after + 1, MAX_BIGINT)
        return MAX_BIGINT if self.before is None else self.before

    def of(self, found: QuerySet[Message]) -> QuerySet[Message]:
        if self.forward:
            return found.filter(**{f"{self.key}__gt": self.after}).order_by(self.key)
        return found.filter(**{f"{self.key}__lt": self.border}).order_by(f"-{self.key}")

    def end(self) -> int:
        """The last place that there is."""
        if self.room is None:
            return Message.objects.aggregate(last=Max("pk"))["last"] or 0
        return Room.objects.values_list("head", flat=True).get(slug=self.room)
