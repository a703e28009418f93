"""The administration's site: a front page with panels of the apps, and suggestions for typed names."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.text import capfirst

from chatsite.contract.errors import ChatError
from chatsite.realtime.queues.slots import Slots
from chatsite.web import query_deadline
from chatsite.web.pages import words
from chatsite.web.rest.api import me

# Deadline of one completion, how many run at once, and how many names it suggests.
COMPLETION_TIMEOUT_SECONDS = 1.0
completion_slots = Slots(2)
MAX_COMPLETIONS = 10

# Functions of the apps that return parts of the front page's context, called on every visit.
panels: list[Callable[[HttpRequest], dict[str, Any]]] = []
# Functions by what they complete ("rooms", "people"): the typed text → at most MAX_COMPLETIONS pairs (value, label).
completions: dict[str, Callable[[str], list[tuple[str, str]]]] = {}
# Models in the order of the navigation; others follow.
LIST_ORDER = [
    "Message",
    "Room",
    "User",
    "Membership",
    "Ban",
    "Invite",
    "CustomEmoji",
    "PrivateReading",
    "ApiToken",
    "SiteSettings",
]


class Administration(AdminSite):
    index_title = "Administration"
    enable_nav_sidebar = False

    def get_urls(self) -> list[Any]:
        own = path("complete/<slug:what>/", self.admin_view(self.complete), name="complete")
        return [own, *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        lists = [model for app in context["available_apps"] for model in app["models"]]
        lists.sort(key=lambda model: (*LIST_ORDER, model["object_name"]).index(model["object_name"]))
        return {**context, "lists": lists}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return Django's list with the headings of `BoundedAdmin`."""
        apps = super().get_app_list(request, app_label)
        for model in (model for app in apps for model in app["models"]):
            heading = getattr(self._registry[model["model"]], "heading", None)
            model["name"] = heading or capfirst(str(model["name"]))
        return apps

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        shown: dict[str, Any] = {}
        for panel in panels:
            shown |= panel(request)
        return super().index(request, {**shown, **(extra_context or {})})

    def complete(self, request: HttpRequest, what: str) -> HttpResponse:
        """Answer `{"results": [{"value", "label"}]}` for `?term=`; no results after COMPLETION_TIMEOUT_SECONDS."""
        if what not in completions:
            raise Http404
        term = words(request, "term")[:100]
        try:
            with completion_slots.taken(me(request).pk):
                found = (
                    query_deadline.read(COMPLETION_TIMEOUT_SECONDS, completions[what], term) if term else []
                )
        except ChatError:
            found = []
        return JsonResponse({"results": [{"value": value, "label": label} for value, label in found]})
