"""Moderating messages. The text is read here and never written; hiding goes through the services, so open pages follow."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from chatsite.api import me
from messaging import services
from messaging.models import Message
from messaging.payloads import first_line

SHOWN: list[Any] = [
    "room", "seq", "sender", "body", "reply_to", "created_at", "edited_at", "hidden_at", "deleted_at", "client_id",
]  # fmt: skip


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):
    list_display = ["sent", "room", "sender", "line", "state"]
    list_filter = [
        ("created_at", admin.DateFieldListFilter),
        ("hidden_at", admin.EmptyFieldListFilter),
        ("deleted_at", admin.EmptyFieldListFilter),
        ("room", admin.RelatedOnlyFieldListFilter),
        ("sender", admin.RelatedOnlyFieldListFilter),
    ]
    search_fields = ["body", "sender__username", "room__slug"]
    date_hierarchy = "created_at"
    list_select_related = ["room", "sender"]
    ordering = ["-pk"]
    # Counting a million rows for a page's foot takes longer than the page.
    show_full_result_count = False
    actions = ["hide", "restore"]
    fields = readonly_fields = SHOWN

    @admin.display(description="sent", ordering="created_at")
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
        self.message_user(request, "Hidden. Everyone sees a tombstone in their place.")

    @admin.action(description="Restore the selected messages")
    def restore(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        for message in whole(queryset):
            services.restore(message, me(request))
        self.message_user(request, "Restored. What its sender deleted stays deleted.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        """A row that is gone is a hole in the log: messages are hidden instead."""
        return False


def whole(queryset: QuerySet[Message]) -> QuerySet[Message]:
    return Message.objects.whole().filter(pk__in=queryset.values("pk")).order_by("pk")
