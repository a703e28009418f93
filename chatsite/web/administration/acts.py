"""Acts of the administration on the ticked rows of a list: a page shows the consequences, a POST calls the app's service for
each row.

The page's address has the act and the rows (`act/hide/?ids=1,2`), so "Undo" is a link to the opposite act's page with the
changed rows. An act that is done twice changes nothing the second time.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme

from chatsite.contract.errors import ChatError
from chatsite.realtime.queues import read_queue
from chatsite.web.administration.lists import BoundedAdmin
from chatsite.web.rest.api import me

if TYPE_CHECKING:
    from accounts.models import User

# Rows of one act: each has a transaction of its own, and all are done in one request.
MAX_ACT_ROWS = 100


@dataclass(frozen=True)
class Act:
    """An act on rows. `apply(row, by)` calls a service and returns False if nothing changed; `refusal(row, by)` is the
    reason why the act is impossible, or ""."""

    name: str
    label: str
    done: str
    effect: str
    apply: Callable[[Any, "User"], object]
    refusal: Callable[[Any, "User"], str]
    # Name of the opposite act, or the reason why there is none.
    undo: str = ""
    no_undo: str = ""
    danger: bool = False


class ActingAdmin(BoundedAdmin):
    acts: Sequence[Act] = ()

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        own = path("act/<slug:name>/", self.admin_site.admin_view(self.act_view), name=name)
        return [own, *super().get_urls()]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found = super().get_actions(request)
        if self.may_act(request):
            found |= {act.name: (cast(Any, partial(open_act, act)), act.name, act.label) for act in self.acts}
        return found

    def may_act(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def act_url(self, name: str, ids: Sequence[Any], back: str = "") -> str:
        query = urlencode({"ids": ",".join(map(str, ids)), **({"next": back} if back else {})}, safe=",")
        return f"{reverse(f'admin:{self.opts.app_label}_{self.opts.model_name}_act', args=[name])}?{query}"

    def act_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show the consequences of an act; a POST carries it out."""
        act = next((act for act in self.acts if act.name == name), None)
        if act is None:
            raise Http404
        if not self.may_act(request):
            raise PermissionDenied
        ids = ids_of(request.GET.get("ids", ""))
        rows = self.acted_on(request, self.get_queryset(request).filter(pk__in=ids).order_by("pk"))
        by = me(request)
        refusals = {row.pk: act.refusal(row, by) for row in rows}
        standing = [row for row in rows if not refusals[row.pk]]
        counts = Counter(why for why in refusals.values() if why)
        refused = [f"{self.counted(count)}: {why}" for why, count in counts.items()]
        if request.method == "POST":
            self.carry_out(request, act, standing)
            for sentence in refused:
                self.message_user(request, sentence, level=messages.WARNING)
            return redirect(back_of(request) or reverse(self.list_name))
        return self.act_page(request, act, rows, standing, refused)

    def possible(self, row: Any, by: "User") -> list[tuple[Act, str]]:
        """List the acts that are possible on a row, with the addresses of their pages."""
        return [(act, self.act_url(act.name, [row.pk])) for act in self.acts if not act.refusal(row, by)]

    def act_page(
        self, request: HttpRequest, act: Act, rows: list[Any], standing: list[Any], refused: list[str]
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "act": act,
            "title": f"{act.label} {self.counted(len(standing))}" if standing else "Nothing to do",
            "heading": self.list_heading,
            "list_url": reverse(self.list_name),
            "next": back_of(request) or reverse(self.list_name),
            "standing": [self.line_of(row) for row in standing],
            "consequences": self.consequences(act, standing) if standing else [],
            "refused": refused,
            "missing": not rows,
            "submit": f"{act.label} {self.counted(len(standing))}",
        }
        return TemplateResponse(request, "admin/act.html", context)

    def carry_out(self, request: HttpRequest, act: Act, rows: Sequence[Any]) -> None:
        """Change the rows one by one, and yield between them to what others want of the server."""
        changed = []
        for row in rows:
            try:
                outcome = act.apply(row, me(request))
            except ChatError as error:
                self.message_user(request, f"{row}: {error.detail}", level=messages.ERROR)
            else:
                if outcome is not False:
                    self.log_change(request, row, f"{act.done[:1].upper()}{act.done[1:]}.")
                    changed.append(row.pk)
            read_queue.give_way()
        self.report(request, act, changed)

    def report(self, request: HttpRequest, act: Act, changed: list[Any]) -> None:
        """Show how many rows were changed, with a link to the opposite act."""
        if not changed:
            self.message_user(request, "Nothing was to be done.", level=messages.WARNING)
            return
        sentence = f"{self.counted(len(changed))} {act.done}."
        if act.undo:
            link = self.act_url(act.undo, changed, back_of(request))
            sentence = format_html('{} <a href="{}">Undo</a>', sentence, link)
        self.message_user(request, sentence, level=messages.SUCCESS)

    def acted_on(self, request: HttpRequest, found: QuerySet[Any]) -> list[Any]:
        """Load the rows as `refusal`, `line_of` and `consequences` need them, in a bounded number of queries."""
        return list(found)

    def line_of(self, row: Any) -> str:
        return str(row)

    def consequences(self, act: Act, rows: Sequence[Any]) -> list[str]:
        """List sentences that say what will happen, with numbers."""
        return []

    def counted(self, count: int) -> str:
        return f"{count} {self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural}"

    @property
    def list_name(self) -> str:
        return f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"


def open_act(act: Act, admin: ActingAdmin, request: HttpRequest, _: QuerySet[Any]) -> HttpResponse | None:
    """Redirect from the list's action to the act's page."""
    ids = request.POST.getlist(ACTION_CHECKBOX_NAME)
    if len(ids) > MAX_ACT_ROWS:
        admin.message_user(request, f"Tick at most {MAX_ACT_ROWS} rows.", level=messages.ERROR)
        return None
    return redirect(admin.act_url(act.name, ids, request.get_full_path()))


def ids_of(text: str) -> list[int]:
    """Parse `ids` of an address; anything but numbers is left out, and so are those beyond MAX_ACT_ROWS."""
    numbers = [part for part in text.split(",") if part.isascii() and part.isdecimal() and len(part) < 19]
    return [int(number) for number in dict.fromkeys(numbers)][:MAX_ACT_ROWS]


def back_of(request: HttpRequest) -> str:
    """Return the administration's page to return to, by `next` of the form or address; "" for any other page."""
    back = request.POST.get("next") or request.GET.get("next") or ""
    own = back.startswith(reverse("admin:index")) and url_has_allowed_host_and_scheme(back, None)
    return back if own else ""
