"""Administration of rooms, members, bans and the consumers of the log. Every change goes through the services, so open
pages follow."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import OuterRef, Q, QuerySet
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin import PersonFilter
from accounts.models import User
from chatsite.contract.errors import ChatError
from chatsite.web.administration.acts import Act, ActingAdmin
from chatsite.web.administration.filters import ChoiceFilter, TypedFilter
from chatsite.web.administration.lists import (
    MAX_INLINE_ROWS,
    TICKED,
    AdministratorsOnly,
    FirstRows,
    PartialModelForm,
    split_search,
)
from chatsite.web.administration.site import completions
from chatsite.web.rest.api import me
from rooms import moderation, services
from rooms.log.consumers import services as consumers
from rooms.log.consumers.registry import consumers as registered
from rooms.membership import site_moderation
from rooms.models import Ban, Consumer, Event, Membership, Room
from rooms.unread.room_counts import UNCOUNTED, count_of

completions["rooms"] = moderation.offered
# Fields of rooms that aren't direct.
NAMES = {"address", "name", "topic"}
# Words of a search that are heeded: each is one more condition on the query.
MAX_SEARCH_WORDS = 5


class RoomFilter(TypedFilter):
    """Filter by room: its address, or the usernames of a direct room's people with commas between."""

    title, parameter_name = "room", "room"
    completes, placeholder = "rooms", "Address, or ada,bo"

    def narrowed(self, found: QuerySet[Any], typed: str) -> QuerySet[Any]:
        room = moderation.room_of(typed)
        return found.filter(room=room) if room else found.none()


class MemberFilter(PersonFilter):
    """Filter by the person of the row."""

    title = "person"


class KindFilter(ChoiceFilter):
    """Filter rooms by kind."""

    title, parameter_name = "kind", "kind"
    choices_in_words = {value: (words, Q(kind=value)) for value, words in Room.Kind.choices}


class ArchivedFilter(ChoiceFilter):
    """Filter rooms by whether they are archived."""

    title, parameter_name = "state", "state"
    choices_in_words = {
        "open": ("Open", Q(archived_at=None)),
        "archived": ("Archived", Q(archived_at__isnull=False)),
    }


def why_not_taken_away(row: Membership, by: User) -> str:
    """Say why a membership may not be ended, or ""."""
    return "a direct conversation keeps its people" if row.room.kind == Room.Kind.DIRECT else ""


def archived_already(room: Room, by: User) -> str:
    """Say why a room can't be archived, or ""."""
    if room.is_default:
        return "everyone is in it, so it can't be archived"
    return "archived already" if room.archived else ""


class MemberInline(admin.TabularInline):
    """The first members of a room; the list of memberships has all."""

    model = Membership
    form = PartialModelForm
    formset = FirstRows
    formfield_overrides = TICKED
    verbose_name_plural = f"members: the first {MAX_INLINE_ROWS}"
    fields = ["user", "role", "muted", "joined_at"]
    readonly_fields = ["joined_at"]
    autocomplete_fields = ["user"]
    extra = 0

    def get_readonly_fields(self, request: HttpRequest, obj: Room | None = None) -> Any:
        return (
            self.readonly_fields if self.has_add_permission(request, obj) else ["user", *self.readonly_fields]
        )

    def has_add_permission(self, request: HttpRequest, obj: Room | None = None) -> bool:
        return obj is None or obj.kind != Room.Kind.DIRECT

    def has_delete_permission(self, request: HttpRequest, obj: Room | None = None) -> bool:
        return self.has_add_permission(request, obj)


class BanInline(admin.TabularInline):
    """The first bans of a room."""

    model = Ban
    formset = FirstRows
    verbose_name_plural = f"bans: the first {MAX_INLINE_ROWS}"
    fk_name = "room"
    fields = ["user", "created_by", "created_at"]
    readonly_fields = ["created_by", "created_at"]
    autocomplete_fields = ["user"]
    extra = 0


@admin.register(Room)
class RoomAdmin(ActingAdmin):
    """Rooms, with acts that archive them and bring them back."""

    list_display = ["title", "kind", "member_count", "message_count", "state", "created_at"]
    list_filter = [KindFilter, ArchivedFilter]
    search_fields = ["slug", "name", "topic"]
    search_help_text = (
        "Part of a name, an address or a topic; of direct messages, how somebody's username begins."
    )
    acts = [
        Act(
            name="archive",
            label="Archive",
            done="archived",
            effect="They can be read and searched, and nobody can write in them.",
            apply=lambda room, by: services.archive(room, by, True),
            refusal=archived_already,
            undo="bring_back",
            danger=True,
        ),
        Act(
            name="bring_back",
            label="Bring back",
            done="open again",
            effect="Their members can write in them again.",
            apply=lambda room, by: services.archive(room, by, False),
            refusal=lambda room, by: "" if room.archived else "not archived",
            undo="archive",
        ),
    ]
    fields = ["address", "name", "topic", "kind", "state", "created_by", "created_at"]
    readonly_fields = ["address", "kind", "state", "created_by", "created_at"]
    inlines = [MemberInline, BanInline]

    def rows(self, found: QuerySet[Room], reader: User) -> list[Room]:
        """Return the rooms with `member_count` and `message_count`: the log's length without events that are no
        messages."""
        rooms: list[Any] = list(found)
        Room.find_people(rooms)
        counts = Room.objects.filter(pk__in=[room.pk for room in rooms]).annotate(
            members=count_of(Membership.objects.filter(room=OuterRef("pk"))),
            others=count_of(Event.objects.filter(UNCOUNTED, room=OuterRef("pk"))),
        )
        counted = {pk: more for pk, *more in counts.values_list("pk", "members", "others")}
        for room in rooms:
            members, others = counted.get(room.pk, (0, 0))
            room.member_count, room.message_count = members, room.head - others
        return rooms

    @admin.display(description="members")
    def member_count(self, room: Any) -> int:
        return int(room.member_count)

    @admin.display(description="messages")
    def message_count(self, room: Any) -> int:
        return int(room.message_count)

    @admin.display(description="room", ordering="name")
    def title(self, room: Room) -> SafeString:
        return format_html("<bdi>{}</bdi>", room)

    @admin.display(description="address")
    def address(self, room: Room) -> str:
        return room.slug

    @admin.display(description="state")
    def state(self, room: Room) -> str:
        if room.archived:
            return "archived"
        return "everyone is in it" if room.is_default else "open"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Room], search_term: str
    ) -> tuple[QuerySet[Room], bool]:
        for word in search_term.replace("\x00", "").split()[:MAX_SEARCH_WORDS]:
            queryset = queryset.filter(moderation.named(word))
        return queryset, False

    def acted_on(self, request: HttpRequest, found: QuerySet[Room]) -> list[Room]:
        rooms = list(found)
        Room.find_people(rooms)
        return rooms

    def consequences(self, act: Act, rows: Sequence[Room]) -> list[str]:
        members = Membership.objects.filter(room__in=rows).count()
        return [f"Memberships in them, which all stay: {members}."]

    def get_fields(self, request: HttpRequest, obj: Room | None = None) -> Any:
        """Leave out the name and address of a direct room, whose people are its name, and a creator that is nobody."""
        direct = obj is not None and obj.kind == Room.Kind.DIRECT
        made_by_nobody = obj is not None and obj.created_by_id is None
        left_out = (NAMES if direct else set()) | ({"created_by"} if made_by_nobody else set())
        return [name for name in self.fields or () if name not in left_out]

    def get_inlines(self, request: HttpRequest, obj: Room | None) -> Any:
        """Leave out bans in a direct room."""
        return [MemberInline] if obj is not None and obj.kind == Room.Kind.DIRECT else self.inlines

    def render_change_form(
        self, request: HttpRequest, context: Any, *rest: Any, **options: Any
    ) -> HttpResponse:
        key = moderation.key_of(context["original"])
        return super().render_change_form(request, {**context, "room_key": key}, *rest, **options)

    def save_model(self, request: HttpRequest, room: Room, form: "ModelForm[Room]", change: bool) -> None:
        if not NAMES & set(form.changed_data):
            return
        stored = Room.objects.get(pk=room.pk)
        try:
            services.rename(stored, me(request), name=room.name, topic=room.topic)
        except ChatError as error:
            self.message_user(request, error.detail, level="error")

    def save_formset(
        self,
        request: HttpRequest,
        form: "ModelForm[Room]",
        formset: "BaseModelFormSet[Any, Any]",
        change: bool,
    ) -> None:
        rows: list[Any] = formset.save(commit=False)
        for deleted in formset.deleted_objects:
            remove = site_moderation.lift_ban if isinstance(deleted, Ban) else site_moderation.remove_member
            remove(deleted, me(request))
        # A new owner is stored before the former one steps down.
        for row in sorted(rows, key=lambda row: getattr(row, "role", "") != Membership.Role.OWNER):
            if isinstance(row, Ban):
                site_moderation.store_ban(row, me(request))
            else:
                save_membership(row, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: a room needs an owner and is made on the chat's own pages."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Room | None = None) -> bool:
        """Never: rooms are archived, as their messages belong to their senders."""
        return False


class RoomRowAdmin(ActingAdmin):
    """Base of the lists of memberships and bans, where rows are found and removed. They are added on the room's own
    page."""

    list_select_related = ["room", "user"]
    list_filter = [RoomFilter, MemberFilter]
    search_fields = ["user__username"]
    search_help_text = "Part of a username."
    ordering = ["-pk"]
    sortable_by = []

    @admin.display(description="person")
    def person(self, row: Membership | Ban) -> str:
        return row.user.full_name

    @admin.display(description="room")
    def place(self, row: Any) -> SafeString:
        """Link to the other rows of the room."""
        query = urlencode({"room": moderation.key_of(row.room)}, safe=",")
        return format_html('<a href="?{}"><bdi>{}</bdi></a>', query, row.room)

    def rows(self, found: QuerySet[Any], reader: User) -> list[Any]:
        rows = list(found)
        Room.find_people([row.room for row in rows])
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        given, words = split_search(search_term, "room")
        if "room" in given:
            queryset = queryset.filter(room=moderation.room_of(given["room"]))
        return super().get_search_results(request, queryset, words)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    def may_act(self, request: HttpRequest) -> bool:
        """Allow moderators of the site, though no row may be edited."""
        return self.has_view_permission(request)

    def acted_on(self, request: HttpRequest, found: QuerySet[Any]) -> list[Any]:
        return self.rows(found.select_related("room", "user"), me(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: removal is an act, which goes through the services."""
        return False


@admin.register(Membership)
class MembershipAdmin(RoomRowAdmin):
    """Memberships, with an act that ends them."""

    heading = "Members"
    list_display = ["person", "place", "role", "state", "joined_at"]
    fields = ["room", "user", "role", "muted", "joined_at"]
    readonly_fields = ["room", "user", "joined_at"]
    acts = [
        Act(
            name="take_away",
            label="Take away",
            done="taken away",
            effect="They don't get what is said in the room any more, at once. Who owned it hands it on.",
            apply=site_moderation.remove_member,
            refusal=why_not_taken_away,
            no_undo="There is no undo: they can be added again on the room's page.",
            danger=True,
        )
    ]

    @admin.display(description="state")
    def state(self, row: Membership) -> str:
        return "muted" if row.muted else ""

    def save_model(
        self, request: HttpRequest, obj: Membership, form: "ModelForm[Membership]", change: bool
    ) -> None:
        save_membership(obj, request)


@admin.register(Ban)
class BanAdmin(RoomRowAdmin):
    """Bans, with an act that lifts them."""

    heading = "Bans from rooms"
    list_display = ["person", "place", "created_by", "created_at"]
    list_display_links = None
    list_select_related = ["room", "user", "created_by"]
    acts = [
        Act(
            name="take_away",
            label="Lift",
            done="lifted",
            effect="They may come into the room again. They aren't put back into it.",
            apply=site_moderation.lift_ban,
            refusal=lambda row, by: "",
            no_undo="There is no undo: they can be banned again on the room's page.",
        )
    ]

    def has_change_permission(self, request: HttpRequest, obj: Ban | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)


def save_membership(member: Membership, request: HttpRequest) -> None:
    """Call the service for a new or changed membership, and show its error, if any."""
    by = me(request)
    try:
        if member.pk:
            site_moderation.change_member(member.room, member.pk, role=member.role, muted=member.muted, by=by)
        else:
            site_moderation.admit(member.room, member.user, member.role, by)
    except ChatError as error:
        whose = f"{member.user}: " if member.pk else ""
        messages.error(request, f"{whose}{error.detail}")


@admin.register(Consumer)
class ConsumerAdmin(AdministratorsOnly, ActingAdmin):
    """Consumers of the log, for administrators: how far behind each is, and acts that hold and move it. Not in the
    navigation of a site that has none."""

    heading = "What follows messages"
    list_display = ["name", "state", "behind", "oldest", "waiting", "failed", "error", "holder"]
    list_display_links = None
    ordering = ["name"]
    sortable_by = []
    acts = [
        Act(
            name="pause",
            label="Pause",
            done="paused",
            effect="Within two seconds they stop where they are. What is written meanwhile is handled once they go on.",
            apply=lambda row, by: consumers.pause(row),
            refusal=lambda row, by: "paused already" if row.paused else "",
            undo="resume",
        ),
        Act(
            name="resume",
            label="Go on",
            done="going on",
            effect="They go on from where they were.",
            apply=lambda row, by: consumers.resume(row),
            refusal=lambda row, by: "" if row.paused else "not paused",
            undo="pause",
        ),
        Act(
            name="try_again",
            label="Try failed lines again",
            done="trying again",
            effect="Lines that failed eight times are tried eight times more, from now on.",
            apply=lambda row, by: consumers.try_again(row),
            refusal=lambda row, by: "" if row.retries.filter(failed=True).exists() else "nothing has failed",
            no_undo="There is no undo.",
        ),
        Act(
            name="skip",
            label="Skip to the newest",
            done="at the newest lines",
            effect="What they haven't handled by now, and what failed, is left out for good.",
            apply=lambda row, by: consumers.skip(row),
            refusal=lambda row, by: "",
            no_undo="There is no undo: what was left out is not handled.",
            danger=True,
        ),
    ]

    def rows(self, found: QuerySet[Consumer], reader: User) -> list[Consumer]:
        """Return the rows, each with its `report`."""
        rows: list[Any] = list(found)
        reports = consumers.reports()
        for row in rows:
            row.report = reports[row.pk]
        return rows

    @admin.display(description="state")
    def state(self, row: Consumer) -> str:
        if not consumers.registered(row):
            return "not of this version"
        if row.paused:
            return "paused"
        return "switched off" if row.off else "on"

    @admin.display(description="lines behind")
    def behind(self, row: Any) -> int:
        return int(row.report.lines)

    @admin.display(description="late by")
    def oldest(self, row: Any) -> str:
        return f"{timezone.now() - row.report.since}".partition(".")[0] if row.report.since else ""

    @admin.display(description="waiting")
    def waiting(self, row: Any) -> int:
        return int(row.report.waiting)

    @admin.display(description="failed")
    def failed(self, row: Any) -> int:
        return int(row.report.failed)

    @admin.display(description="last error")
    def error(self, row: Any) -> str:
        return str(row.report.error)

    def consequences(self, act: Act, rows: Sequence[Consumer]) -> list[str]:
        reports = consumers.reports()
        lines = sum(reports[row.pk].lines for row in rows)
        apart = sum(reports[row.pk].waiting + reports[row.pk].failed for row in rows)
        return [f"Lines that they haven't read: {lines}.", f"Lines that wait or failed: {apart}."]

    def may_act(self, request: HttpRequest) -> bool:
        return me(request).is_superuser

    def has_module_permission(self, request: HttpRequest) -> bool:
        return super().has_module_permission(request) and bool(registered)
