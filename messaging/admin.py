"""Moderating messages. The text is read here and never written; hiding goes through the services, so open pages follow."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from chatsite.admin_lists import BoundedAdmin, narrowed
from chatsite.api import me
from chatsite.realtime import readings
from messaging import services
from messaging.models import Message
from messaging.payloads import first_line
from messaging.search.folded import containing
from messaging.search.words import words_of
from rooms.models import Room

SHOWN: list[Any] = [
    "room", "seq", "sender", "body", "reply_to", "created_at", "edited_at", "hidden_at", "deleted_at", "client_id",
]  # fmt: skip


class SentFilter(admin.SimpleListFilter):
    """By ids, which grow with time: times have no index."""

    title, parameter_name = "sent", "sent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "In the last 24 hours"), ("7", "In the last 7 days"), ("30", "In the last 30 days")]

    def queryset(self, request: HttpRequest, found: QuerySet[Message]) -> QuerySet[Message]:
        days = self.value()
        if days not in ("1", "7", "30"):
            return found
        return found.filter(pk__gte=Message.objects.first_since(timezone.now() - timedelta(days=int(days))))


class StateFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("hidden", "Hidden"), ("deleted", "Deleted")]

    def queryset(self, request: HttpRequest, found: QuerySet[Message]) -> QuerySet[Message]:
        if self.value() == "hidden":
            return found.filter(hidden_at__isnull=False)
        return found.filter(deleted_at__isnull=False) if self.value() == "deleted" else found


@admin.register(Message)
class MessageAdmin(BoundedAdmin):
    list_display = ["sent", "room", "sender", "line", "state"]
    list_filter = [SentFilter, StateFilter]
    search_fields = ["body"]
    search_help_text = "Words of the text; room:SLUG and from:USERNAME narrow it."
    list_select_related = ["room", "sender"]
    ordering = ["-pk"]
    sortable_by = []
    actions = ["hide", "restore"]
    fields = readonly_fields = SHOWN

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        given, words = narrowed(search_term, "room", "from")
        if "from" in given:
            senders = User.objects.filter(username__iexact=given["from"]).values("pk")
            queryset = queryset.filter(sender__in=senders)
        if "room" in given:
            # In the order of the index of rooms.
            room = Room.objects.filter(slug=given["room"]).first()
            queryset = queryset.filter(room=room).order_by("-seq") if room else queryset.none()
        for word in words_of(words):
            queryset = queryset.filter(containing(word))
        return queryset, False

    @admin.display(description="sent")
    def sent(self, message: Message) -> str:
        return f"{message.created_at:%Y-%m-%d %H:%M}"

    @admin.display(description="message")
    def line(self, message: Message) -> str:
        return first_line(message.body) or "—"

    @admin.display(description="state")
    def state(self, message: Message) -> str:
        if message.deleted_at:
            return "deleted"
        return "hidden" if message.hidden_at else ("edited" if message.edited_at else "")

    @admin.action(description="Hide the selected messages")
    def hide(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        for message in whole(queryset):
            services.hide(message, me(request))
            readings.give_way()
        self.message_user(request, "Hidden. Everyone sees a tombstone in their place.")

    @admin.action(description="Restore the selected messages")
    def restore(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        for message in whole(queryset):
            services.restore(message, me(request))
            readings.give_way()
        self.message_user(request, "Restored. What its sender deleted stays deleted.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        """A row that is gone is a hole in the log: messages are hidden instead."""
        return False


def whole(queryset: QuerySet[Message]) -> QuerySet[Message]:
    return Message.objects.whole().filter(pk__in=queryset.values("pk")).order_by("pk")
