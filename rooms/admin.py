"""Moderating rooms: through the services, so that open pages follow."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, OuterRef, QuerySet
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest

from chatsite.api import me
from chatsite.errors import ChatError
from chatsite.realtime import rights
from rooms import access, membership, services
from rooms.models import Ban, Event, Membership, Room
from rooms.queries import MESSAGE, count_of


class MemberInline(admin.TabularInline):
    model = Membership
    fields = ["user", "role", "muted", "joined_at"]
    readonly_fields = ["joined_at"]
    autocomplete_fields = ["user"]
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Room | None = None) -> bool:
        return obj is None or obj.kind != Room.Kind.DIRECT


class BanInline(admin.TabularInline):
    model = Ban
    fk_name = "room"
    fields = ["user", "created_by", "created_at"]
    readonly_fields = ["created_by", "created_at"]
    autocomplete_fields = ["user"]
    extra = 0


@admin.register(Room)
class RoomAdmin(admin.ModelAdmin):
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        members = count_of(Membership.objects.filter(room=OuterRef("pk")))
        messages = count_of(Event.objects.filter(room=OuterRef("pk"), event=MESSAGE))
        return super().get_queryset(request).annotate(member_count=members, message_count=messages)

    @admin.display(description="members", ordering="member_count")
    def member_count(self, room: Any) -> int:
        return room.member_count

    @admin.display(description="messages", ordering="message_count")
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
        row.save(update_fields=["role", "muted"])
        transaction.on_commit(rights.restrict)
    elif Ban.objects.filter(room=row.room, user=row.user).exists():
        messages.error(request, f"{row.user} is banned from this room. Lift the ban first.")
    else:
        membership.grant(row.room, row.user, role=row.role, by=me(request))
