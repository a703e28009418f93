"""Administration of scheduled messages: what waits, and what wasn't sent. Their texts are their senders' alone."""

from django.contrib import admin

from chatsite.web.administration.lists import AdministratorsOnly, BoundedAdmin
from drafts.models import ScheduledMessage


@admin.register(ScheduledMessage)
class ScheduledMessageAdmin(AdministratorsOnly, BoundedAdmin):
    """Scheduled messages without what they say."""

    readonly_fields = ["user", "room", "send_at", "state", "error_detail", "tries", "created_at"]
    fields = tuple(readonly_fields)
    list_display = ["send_at", "user", "room", "state", "error_detail"]
    list_select_related = ["user", "room"]
    ordering = ["-pk"]
    sortable_by = []
