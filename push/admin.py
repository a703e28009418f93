"""Administration of devices: a list, in which some can be removed. Endpoints and keys are never shown."""

from django.contrib import admin
from django.http import HttpRequest

from chatsite.web.administration.lists import BoundedAdmin
from push.models import PushSubscription

SHOWN = ("user", "name", "host", "content", "created_at", "last_success", "last_error", "last_error_at")


@admin.register(PushSubscription)
class PushSubscriptionAdmin(BoundedAdmin):
    """Devices that take pushes. Removing one ends its notifications; its page adds it anew when it is opened."""

    heading = "Devices"
    fields = SHOWN
    readonly_fields = SHOWN
    list_display = ["name", "user", "host", "created_at", "last_success", "last_error"]
    list_select_related = ["user"]
    search_fields = ["user__username", "host"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: PushSubscription | None = None) -> bool:
        return False
