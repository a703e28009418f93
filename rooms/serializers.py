"""Shapes of rooms in requests and answers, by socket and by REST."""

from functools import cached_property
from typing import Any

from rest_framework import serializers

from accounts.models import NotificationLevel
from accounts.serializers import BriefUserSerializer
from accounts.services.invites import DEFAULT_DAYS, DEFAULT_USES, MAX_DAYS, MAX_USES
from chatsite.web.fields import Choice, Flag, Limit, Names, StrictSerializer, Text, Whole
from rooms import payloads
from rooms.log import log
from rooms.membership.membership import MAX_NAMED
from rooms.models import Membership, Room

# What somebody may choose to be told of; `default` takes the choice back.
LEVELS = [("default", "As elsewhere"), *NotificationLevel.choices]


class Slug(Text):
    """A room's address. Whether the room exists is checked by the service."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 64, "trim_whitespace": False, **kwargs})


class ByRoom(serializers.DictField):
    """A value for each of some rooms, by slug."""

    def run_child_validation(self, data: Any) -> Any:
        try:
            return super().run_child_validation(data)
        except serializers.ValidationError as error:
            details: Any = error.detail
            sentences = {str(sentence) for each in details.values() for sentence in each}
            raise serializers.ValidationError(sorted(sentences)) from error


class JoinMineSerializer(StrictSerializer):
    rooms = Choice(choices=["mine"])
    after = ByRoom(child=Whole(allow_null=True), required=False)
    epoch = ByRoom(child=Text(allow_null=True, max_length=64), required=False)


class JoinSerializer(StrictSerializer):
    """A `join` of one `room`, or, with `rooms`, of all of one's own."""

    room = Slug()
    after = Whole(required=False, allow_null=True)
    epoch = Text(required=False, allow_null=True, max_length=64)

    @cached_property
    def mine(self) -> JoinMineSerializer:
        return JoinMineSerializer()

    def checked(self, data: dict[str, Any]) -> dict[str, Any]:
        return self.mine.checked(data) if "rooms" in data else super().checked(data)


class LeaveSerializer(StrictSerializer):
    room = Slug()


class SyncMineSerializer(StrictSerializer):
    rooms = Choice(choices=["mine"])
    room = Slug(required=False)


class SyncSerializer(StrictSerializer):
    """A `sync` of one `room`'s log, or, with `rooms`, of what is shown beside it."""

    room = Slug()
    after = Whole()
    epoch = Text(required=False, allow_null=True, max_length=64)
    limit = Whole(required=False, min_value=1, max_value=log.PAGE_EVENTS)

    @cached_property
    def mine(self) -> SyncMineSerializer:
        return SyncMineSerializer()

    def checked(self, data: dict[str, Any]) -> dict[str, Any]:
        return self.mine.checked(data) if "rooms" in data else super().checked(data)


class TypingSerializer(StrictSerializer):
    room = Slug()
    typing = Flag()


class PositionChangeSerializer(StrictSerializer):
    seq = Whole(help_text="The place in the room's log up to which I have read.")
    back = Flag(
        required=False, help_text="Move the read position back to `seq`; it doesn't move forward then."
    )
    version = Whole(
        required=False,
        help_text="The `read_version` that I know. If the position was moved back since, nothing changes.",
    )

    def to_representation(self, position: dict[str, Any]) -> dict[str, Any]:
        """Return the change that a browsable page's form proposes: none."""
        return {"seq": position["read_seq"], "back": False, "version": position["read_version"]}


class ReadSerializer(PositionChangeSerializer):
    room = Slug()


class PositionSerializer(serializers.Serializer[Any]):
    """How far I have read in a room, and what is unread beyond it."""

    room = serializers.CharField()
    read_seq = serializers.IntegerField()
    read_version = serializers.IntegerField(help_text="How often the position was moved back.")
    unread = serializers.IntegerField()
    mentions = serializers.IntegerField()


class ReceiptSerializer(serializers.Serializer[Any]):
    """How far another member has read."""

    user = BriefUserSerializer()
    read_seq = serializers.IntegerField(help_text="The furthest place up to which they have ever read.")


class ReceiptListSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ReceiptSerializer(many=True)


class EventQuerySerializer(serializers.Serializer[Any]):
    """The query string of `/room/{slug}/event`."""

    after = serializers.IntegerField(min_value=0, max_value=2**63 - 1, default=0)
    epoch = serializers.CharField(required=False, max_length=64)
    limit = Limit(log.PAGE_EVENTS, default=log.PAGE_EVENTS)


class RoomCreateSerializer(StrictSerializer):
    name = Text(
        required=False,
        max_length=64,
        help_text="May be left out where there is a slug, and for a direct room.",
    )
    slug = Text(
        required=False,
        max_length=64,
        help_text="Made of the name if left out. A private room's gets a random tail. It never changes.",
    )
    topic = Text(required=False, allow_blank=True, max_length=250)
    kind = Choice(choices=Room.Kind.choices, default=Room.Kind.PUBLIC)
    members = Names(
        child=Text(max_length=32),
        required=False,
        max_length=MAX_NAMED,
        help_text="Usernames. A direct room needs one or more.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["kind"] != Room.Kind.DIRECT and not (attrs.get("name") or attrs.get("slug")):
            raise serializers.ValidationError({"name": ["Give it a name."]})
        return attrs


class RoomUpdateSerializer(StrictSerializer):
    name = Text(required=False, max_length=64)
    topic = Text(required=False, allow_blank=True, max_length=250)
    archived = Flag(required=False)
    callers = Choice(
        choices=[(value or "by_size", words) for value, words in Room.Callers.choices],
        required=False,
        help_text="Who may call everybody by @room and @here.",
    )


class MemberAddSerializer(StrictSerializer):
    username = Text(max_length=32)


class MemberUpdateSerializer(StrictSerializer):
    role = Choice(choices=Membership.Role.choices, required=False)
    muted = Flag(required=False)
    level = Choice(
        choices=LEVELS,
        required=False,
        help_text="What I am told of here. Everybody's own: of somebody else it is forbidden.",
    )


class RoomAvatarSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(
        allow_null=True, help_text="Of the picture, with `{size}` for 48, 96 or 256; null without one."
    )


class RoomSerializer(serializers.Serializer[Any]):
    """Describes a room for the OpenAPI document; `payloads` makes it."""

    slug = serializers.CharField()
    name = serializers.CharField()
    topic = serializers.CharField()
    kind = serializers.ChoiceField(choices=Room.Kind.choices)
    avatar = RoomAvatarSerializer()
    archived = serializers.BooleanField()
    role = serializers.ChoiceField(choices=Membership.Role.choices, allow_null=True)
    members = serializers.IntegerField()
    online = serializers.IntegerField()
    epoch = serializers.CharField()
    head = serializers.IntegerField()
    read_seq = serializers.IntegerField()
    read_version = serializers.IntegerField(help_text="How often `read_seq` was moved back.")
    unread = serializers.IntegerField()
    mentions = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    people = BriefUserSerializer(many=True, required=False, help_text="The others, in a direct room.")

    def to_representation(self, room: Room) -> payloads.Payload:
        return payloads.room_payload(self.context["request"].user, room)


class MemberSerializer(serializers.Serializer[Any]):
    user = BriefUserSerializer()
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    muted = serializers.BooleanField()
    level = serializers.ChoiceField(
        choices=NotificationLevel.choices,
        required=False,
        help_text="What I am told of here: of myself alone.",
    )
    joined_at = serializers.DateTimeField()

    def to_representation(self, membership: Membership) -> payloads.Payload:
        return payloads.member_payload(membership)


class BanSerializer(serializers.Serializer[Any]):
    user = BriefUserSerializer()
    created_at = serializers.DateTimeField()


class RoomInviteMakeSerializer(StrictSerializer):
    days = Whole(required=False, min_value=1, max_value=MAX_DAYS, help_text=f"{DEFAULT_DAYS} if left out.")
    max_uses = Whole(
        required=False, min_value=1, max_value=MAX_USES, help_text=f"{DEFAULT_USES} if left out."
    )


class RoomInviteSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    url = serializers.CharField()
    created_at = serializers.DateTimeField()
    created_by = BriefUserSerializer()
    expires_at = serializers.DateTimeField(allow_null=True)
    uses = serializers.IntegerField()
    max_uses = serializers.IntegerField(allow_null=True)
    signs_up = serializers.BooleanField(help_text="Whether it also lets people sign up.")
    ended = serializers.BooleanField(
        help_text="Its maker moderates the room no more, or the room is archived."
    )


class RoomBlockSerializer(serializers.Serializer[Any]):
    room = serializers.CharField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()


class PersonBlockSerializer(serializers.Serializer[Any]):
    user = BriefUserSerializer()
    created_at = serializers.DateTimeField()


class EventDataSerializer(serializers.Serializer[Any]):
    room = serializers.CharField()
    seq = serializers.IntegerField(help_text="Its place in the room's log.")


class EventSerializer(serializers.Serializer[Any]):
    event = serializers.CharField(help_text="One of the durable events, as `chat-message`.")
    data = EventDataSerializer(  # type: ignore[assignment]
        help_text="Beside these two what the event has besides, as live."
    )


class EventPageSerializer(serializers.Serializer[Any]):
    epoch = serializers.CharField()
    head = serializers.IntegerField()
    events = EventSerializer(many=True)
    more = serializers.BooleanField()
    reset = serializers.BooleanField()
