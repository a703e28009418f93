"""The span of messages that a page asks for."""

from dataclasses import dataclass

from django.db.models import Max, QuerySet

from chatsite.web.fields import MAX_BIGINT
from messaging.models import Message
from rooms.models import Room


@dataclass(frozen=True, slots=True)
class Span:
    """At most `limit` messages in the order of `key`: by seq in the room `room`, or by id over all rooms. Newest
    first before `before`, or oldest first after `after`."""

    limit: int
    before: int | None = None
    after: int | None = None
    room: str | None = None

    @property
    def key(self) -> str:
        """The column of positions."""
        return "pk" if self.room is None else "seq"

    @property
    def forward(self) -> bool:
        """Whether the page is oldest first."""
        return self.after is not None

    @property
    def border(self) -> int:
        """The first position after the cursor: messages before it have lower ones."""
        if self.after is not None:
            return min(self.after + 1, MAX_BIGINT)
        return MAX_BIGINT if self.before is None else self.before

    def of(self, found: QuerySet[Message]) -> QuerySet[Message]:
        """Filter and order messages by the span, without its limit."""
        if self.forward:
            return found.filter(**{f"{self.key}__gt": self.after}).order_by(self.key)
        return found.filter(**{f"{self.key}__lt": self.border}).order_by(f"-{self.key}")

    def end(self) -> int:
        """Return the highest position."""
        if self.room is None:
            return Message.objects.aggregate(last=Max("pk"))["last"] or 0
        return Room.objects.values_list("head", flat=True).get(slug=self.room)
