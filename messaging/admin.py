"""Administration of messages. Texts are shown and never changed, those of private rooms only after a reason was
given; hiding goes through the services, so open pages follow."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin import PersonFilter
from accounts.models import SiteSettings, User
from chatsite.contract.errors import ChatError
from chatsite.realtime.queues import read_queue
from chatsite.web.administration.acts import Act, ActingAdmin, back_of
from chatsite.web.administration.filters import ChoiceFilter
from chatsite.web.administration.lists import AdministratorsOnly, BoundedAdmin, split_search
from chatsite.web.administration.site import panels
from chatsite.web.pages import attempt, post_data
from chatsite.web.rest.api import me
from messaging import edit_history, moderation, private_reading, services
from messaging.forms import ReasonForm
from messaging.models import Message, PrivateReading
from messaging.reactions import services as reactions
from messaging.search.folded import containing, words_of
from rooms.admin import RoomFilter
from rooms.models import Room

panels.append(moderation.front)


class SentFilter(admin.SimpleListFilter):
    """Filter by age, as a range of ids, which grow with time: times have no index."""

    title, parameter_name = "sent", "sent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "In the last 24 hours"), ("7", "In the last 7 days"), ("30", "In the last 30 days")]

    def queryset(self, request: HttpRequest, found: QuerySet[Message]) -> QuerySet[Message]:
        days = self.value()
        if days not in ("1", "7", "30"):
            return found
        return found.filter(pk__gte=Message.objects.first_since(timezone.now() - timedelta(days=int(days))))


class SenderFilter(PersonFilter):
    """Filter by the sender's username."""

    field = "sender"


class ReaderFilter(PersonFilter):
    """Filter by the moderator's username."""

    field = "moderator"


class StateFilter(ChoiceFilter):
    """Filter by whether a message was edited, deleted or hidden."""

    title, parameter_name = "state", "state"
    choices_in_words = {
        "standing": ("Standing", Q(deleted_at=None, hidden_at=None)),
        "edited": ("Edited", Q(edited_at__isnull=False)),
        "deleted": ("Deleted by its sender or the room", Q(deleted_at__isnull=False)),
        "hidden": ("Hidden by a moderator", Q(hidden_at__isnull=False)),
    }


class KindFilter(ChoiceFilter):
    """Filter by the kind of room."""

    title, parameter_name = "said in", "kind"
    choices_in_words = {
        "public": ("Public rooms", Q(room__kind=Room.Kind.PUBLIC)),
        "private": ("Private rooms", Q(room__kind=Room.Kind.PRIVATE)),
        "direct": ("Direct messages", Q(room__kind=Room.Kind.DIRECT)),
    }


# Columns of people that no list of messages shows: one person's are sorted with all the columns that are read of them.
UNSHOWN = [
    f"{person}__{column}"
    for person in ("sender", "hidden_by")
    for column in (
        *("password", "email", "last_login", "last_seen", "double_click_reaction", "show_previews"),
        *("status_emoji", "status_text", "status_until", "availability", "availability_until"),
        *("time_zone", "show_local_time"),
    )
]


@admin.register(Message)
class MessageAdmin(ActingAdmin):
    """Messages, with acts that hide and restore them."""

    list_display = ["sent", "author", "place", "line", "state"]
    list_display_links = ["sent"]
    list_filter = [RoomFilter, SenderFilter, StateFilter, KindFilter, SentFilter]
    search_fields = ["body"]
    search_help_text = "Words of public rooms, and of private ones that are open to you."
    list_select_related = ["room", "sender", "hidden_by"]
    ordering = ["-pk"]
    sortable_by = []
    acts = [
        Act(
            name="hide",
            label="Hide",
            done="hidden",
            effect="Everyone sees a tombstone in their place, at once. The texts are kept here and can come back.",
            apply=services.hide,
            refusal=moderation.why_not_hidden,
            undo="restore",
            danger=True,
        ),
        Act(
            name="restore",
            label="Restore",
            done="restored",
            effect="Everyone who is in the room sees them again, at once.",
            apply=services.restore,
            refusal=moderation.why_not_restored,
            undo="hide",
        ),
        Act(
            name="clear",
            label="Remove reactions",
            done="without reactions",
            effect="Everyone who is in the room sees the messages without any, at once. People may react again.",
            apply=reactions.clear,
            refusal=moderation.why_not_cleared,
            no_undo="There is no undo: people can react again.",
            danger=True,
        ),
    ]

    def get_urls(self) -> list[Any]:
        reason = self.admin_site.admin_view(self.reason_view)
        return [
            path("reason/<int:pk>/", reason, name="messaging_message_reason"),
            path("texts/", self.admin_site.admin_view(self.texts_view), name="messaging_message_texts"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).defer(*UNSHOWN)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        given, words = split_search(search_term, "room", "from")
        if "from" in given:
            queryset = moderation.of_person(queryset, given["from"])
        if "room" in given:
            queryset = moderation.in_room(queryset, given["room"])
        elif "room" in request.GET:
            # By seq, the order of the room's index.
            queryset = queryset.order_by("-seq")
        sought = words_of(words)
        if sought:
            queryset = private_reading.searchable(queryset, me(request))
        for word in sought:
            queryset = queryset.filter(containing(word))
        return queryset, False

    def rows(self, found: QuerySet[Message], reader: User) -> list[Message]:
        return moderation.shown(list(found), reader)

    @admin.display(description="sent")
    def sent(self, message: Message) -> str:
        return formats.localize(message.created_at)

    @admin.display(description="by")
    def author(self, message: Message) -> SafeString:
        """Link to the sender's other messages."""
        url = f"?from={message.sender.username}"
        return format_html('<a href="{}"><bdi>{}</bdi></a>', url, message.sender.full_name)

    @admin.display(description="in")
    def place(self, message: Message) -> SafeString:
        return moderation.room_link(message.room)

    @admin.display(description="message")
    def line(self, message: Message) -> SafeString | str:
        if not message.readable:
            back = reverse("admin:messaging_message_change", args=[message.pk])
            return moderation.reason_link(message.room, back)
        return format_html('<span dir="auto">{}</span>', moderation.line_of(message) or "—")

    @admin.display(description="state")
    def state(self, message: Message) -> str:
        return moderation.state_of(message)

    def acted_on(self, request: HttpRequest, found: QuerySet[Message]) -> list[Message]:
        whole = found.select_related("room", "sender", "hidden_by", "reply_to__sender")
        return moderation.shown(list(whole), me(request))

    def line_of(self, row: Message) -> str:
        text = moderation.line_of(row) or "no text" if row.readable else "private, not read"
        return f"{row.sender.full_name} in {row.room}: {text}"

    def consequences(self, act: Act, rows: Sequence[Message]) -> list[str]:
        return moderation.summary_of(rows)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one message with its neighbours, without form fields: nobody writes it here."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        message = self.get_object(request, object_id)
        if message is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            **moderation.about(message, me(request)),
            "opts": self.opts,
            "title": f"{message}",
            "state": moderation.state_of(message) or "standing",
            "acts": self.possible(message, me(request)),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/messaging/message/message.html", context)

    def reason_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask a moderator for the reason to read a private room."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        room = get_object_or_404(Room.objects.exclude(kind=Room.Kind.PUBLIC), pk=pk)
        back = back_of(request) or moderation.list_of(room)
        if private_reading.may_read(me(request), room):
            return redirect(back)
        form = ReasonForm(post_data(request))
        done, outcome = attempt(form, lambda reason: private_reading.give_reason(me(request), room, reason))
        if done:
            return redirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Read {'the direct messages of ' if room.kind == Room.Kind.DIRECT else ''}{room}?",
            "room": room,
            "form": form,
            "next": back,
            "list_url": reverse("admin:messaging_message_changelist"),
        }
        status = outcome.status if isinstance(outcome, ChatError) else 400 if form.is_bound else 200
        return TemplateResponse(request, "admin/messaging/message/reason.html", context, status=status)

    def texts_view(self, request: HttpRequest) -> HttpResponse:
        """Offer an administrator to remove the earlier texts of all messages, where the site keeps none any more."""
        if not me(request).is_superuser:
            raise PermissionDenied
        settings_url = reverse("admin:accounts_sitesettings_changelist")
        if request.method == "POST":
            self.remove_texts(request)
            return redirect(settings_url)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Remove earlier texts",
            "kept": SiteSettings.keeps_edits(),
            "stored": edit_history.stored_texts(),
            "settings_url": settings_url,
        }
        return TemplateResponse(request, "admin/messaging/message/texts.html", context)

    def remove_texts(self, request: HttpRequest) -> None:
        """Remove all earlier texts, unless the site keeps them; yield between pieces to what others want of the server."""
        if SiteSettings.keeps_edits():
            self.message_user(request, "Earlier texts are kept: nothing was removed.", level=messages.WARNING)
            return
        removed = edit_history.remove_all(read_queue.give_way)
        settings = SiteSettings.load()
        self.log_change(request, settings, f"Removed {removed} earlier texts of messages.")
        self.message_user(request, f"Earlier texts removed: {removed}.", level=messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        """Never: a deleted row would leave a gap in the log. Messages are hidden instead."""
        return False


@admin.register(PrivateReading)
class PrivateReadingAdmin(AdministratorsOnly, BoundedAdmin):
    """Records of who read private rooms and why, for administrators, unchangeable."""

    heading = "Private rooms read"
    list_display = ["created_at", "reader", "place", "reason", "expires_at"]
    list_display_links = None
    list_filter = [RoomFilter, ReaderFilter]
    list_select_related = ["room", "moderator"]
    ordering = ["-pk"]
    sortable_by = []

    def rows(self, found: QuerySet[PrivateReading], reader: User) -> list[PrivateReading]:
        readings = list(found)
        Room.find_people([reading.room for reading in readings])
        return readings

    @admin.display(description="by")
    def reader(self, reading: PrivateReading) -> str:
        return reading.moderator.full_name

    @admin.display(description="room")
    def place(self, reading: PrivateReading) -> SafeString:
        return moderation.room_link(reading.room)
