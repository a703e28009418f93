"""Moderating rooms: through the services, so that open pages follow."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, OuterRef, QuerySet
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest

from chatsite.admin_lists import MOST_INLINE, BoundedAdmin, FirstRows, narrowed
from chatsite.api import me
from chatsite.errors import ChatError
from chatsite.realtime import readings
from rooms import access, membership, services
from rooms.models import Ban, Event, Membership, Room
from rooms.queries import UNCOUNTED, count_of


class MemberInline(admin.TabularInline):
    """The first; the list of memberships has them all."""

    model = Membership
    formset = FirstRows
    verbose_name_plural = f"members: the first {MOST_INLINE}"
    fields = ["user", "role", "muted", "joined_at"]
    readonly_fields = ["joined_at"]
    autocomplete_fields = ["user"]
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Room | None = None) -> bool:
        return obj is None or obj.kind != Room.Kind.DIRECT


class BanInline(admin.TabularInline):
    model = Ban
    formset = FirstRows
    verbose_name_plural = f"bans: the first {MOST_INLINE}"
    fk_name = "room"
    fields = ["user", "created_by", "created_at"]
    readonly_fields = ["created_by", "created_at"]
    autocomplete_fields = ["user"]
    extra = 0


@admin.register(Room)
class RoomAdmin(BoundedAdmin):
    list_display = ["slug", "name", "kind", "member_count", "message_count", "archived", "created_at"]
    list_filter = ["kind", ("archived_at", admin.EmptyFieldListFilter)]
    search_fields = ["slug", "name", "topic"]
    actions = ["archive", "bring_back"]
    fields = [
        "slug",
        "name",
        "topic",
        "kind",
        "is_default",
        "archived_at",
        "head",
        "created_by",
        "created_at",
    ]
    readonly_fields = ["slug", "kind", "is_default", "archived_at", "head", "created_by", "created_at"]
    inlines = [MemberInline, BanInline]

    def rows(self, found: QuerySet[Room]) -> list[Room]:
        """Each with its `member_count` and its `message_count`, which is what the log has without what is no message."""
        rooms: list[Any] = list(found)
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
        return room.member_count

    @admin.display(description="messages")
    def message_count(self, room: Any) -> int:
        return room.message_count

    @admin.display(boolean=True)
    def archived(self, room: Room) -> bool:
        return room.archived

    @admin.action(description="Archive the selected rooms")
    def archive(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        self.set_archived(request, queryset, True)

    @admin.action(description="Bring the selected rooms back")
    def bring_back(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        self.set_archived(request, queryset, False)

    def set_archived(self, request: HttpRequest, queryset: QuerySet[Room], archived: bool) -> None:
        for room in queryset:
            try:
                services.archive(room, me(request), archived)
            except ChatError as error:
                self.message_user(request, f"{room.slug}: {error.detail}", level="error")

    def save_model(self, request: HttpRequest, room: Room, form: ModelForm, change: bool) -> None:
        stored = Room.objects.get(pk=room.pk)
        try:
            services.rename(stored, me(request), name=room.name, topic=room.topic)
        except ChatError as error:
            self.message_user(request, error.detail, level="error")

    def save_formset(
        self, request: HttpRequest, form: ModelForm, formset: BaseModelFormSet, change: bool
    ) -> None:
        rows: list[Model] = formset.save(commit=False)
        for gone in formset.deleted_objects:
            take_away(gone, request)
        for row in rows:
            put_in(row, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A room begins with its owner: it is made on the chat's own pages."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Room | None = None) -> bool:
        """Rooms are archived: their messages belong to those who wrote them."""
        return False


class OfRoomsAdmin(BoundedAdmin):
    """Who is in rooms, or kept out of them: to be found and taken away. They come by the room's own page."""

    list_select_related = ["room", "user"]
    search_fields = ["user__username"]
    search_help_text = "Part of a username; room:SLUG narrows it."
    ordering = ["-pk"]
    sortable_by = []

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        given, words = narrowed(search_term, "room")
        if "room" in given:
            queryset = queryset.filter(room__slug=given["room"])
        return super().get_search_results(request, queryset, words)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    @admin.action(description="Take away")
    def take_away(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset.select_related("room", "user"):
            with transaction.atomic():
                take_away(row, request)
            readings.give_way()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is an action here, which goes through the services."""
        return False


@admin.register(Membership)
class MembershipAdmin(OfRoomsAdmin):
    list_display = ["user", "room", "role", "muted", "joined_at"]
    fields = ["room", "user", "role", "muted", "joined_at"]
    readonly_fields = ["room", "user", "joined_at"]
    actions = ["take_away"]

    def save_model(self, request: HttpRequest, obj: Membership, form: ModelForm, change: bool) -> None:
        put_in(obj, request)


@admin.register(Ban)
class BanAdmin(OfRoomsAdmin):
    list_display = ["user", "room", "created_by", "created_at"]
    list_display_links = None
    list_select_related = ["room", "user", "created_by"]
    actions = ["take_away"]

    def has_change_permission(self, request: HttpRequest, obj: Ban | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)


def take_away(row: Any, request: HttpRequest) -> None:
    if isinstance(row, Membership):
        membership.revoke(row.room, row.user, by=me(request))
        membership.hand_over(row.room)
    else:
        row.delete()


@transaction.atomic
def put_in(row: Any, request: HttpRequest) -> None:
    access.locked(row.room)
    if isinstance(row, Ban):
        row.created_by = me(request)
        row.save()
        membership.revoke(row.room, row.user, by=me(request))
        membership.hand_over(row.room)
    elif row.pk:
        stored = Membership.objects.select_related("room", "user").get(pk=row.pk)
        membership.alter(stored, role=row.role, muted=row.muted, by=me(request))
    elif Ban.objects.filter(room=row.room, user=row.user).exists():
        messages.error(request, f"{row.user} is banned from this room. Lift the ban first.")
    else:
        membership.grant(row.room, row.user, role=row.role, by=me(request))
