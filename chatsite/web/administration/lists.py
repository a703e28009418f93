"""Lists of the administration that cost as much for a million rows as for a hundred.

Nothing is counted that isn't shown, pages end where a search is the better way, and what takes long is given up: on SQLite
everybody waited for a moderator's list.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst

from chatsite.realtime.queues.slots import Slots
from chatsite.realtime.scheduling.yield_points import SlicedList
from chatsite.web import query_deadline
from chatsite.web.rest.api import me

if TYPE_CHECKING:
    from accounts.models import User

# Seconds for one list, and lists that are read at once.
LIST_TIMEOUT_SECONDS = 3.0
list_slots = Slots(2)
# Pages of a list, and of what is offered for a field.
MAX_LIST_PAGES = 20
# Rows of an inline: each is a form of its own, which takes some milliseconds to draw.
MAX_INLINE_ROWS = 10


class Pages(Paginator):
    """Of as many rows as MOST_PAGES have."""

    def __init__(self, object_list: Any, per_page: int, *arguments: Any, **options: Any) -> None:
        if isinstance(object_list, QuerySet):
            object_list = object_list[: MAX_LIST_PAGES * per_page]
        super().__init__(object_list, per_page, *arguments, **options)


class BoundedList(ChangeList):
    model_admin: "BoundedAdmin"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.title = self.model_admin.list_heading

    def get_results(self, request: HttpRequest) -> None:
        """One row more than the page has says whether there is a next one."""
        if not 1 <= self.page_num <= MAX_LIST_PAGES:
            raise IncorrectLookupParameters
        start = (self.page_num - 1) * self.list_per_page
        rows = self._read(request, start)
        self.result_list = SlicedList(rows[: self.list_per_page])
        # What is known of them: it offers no "select all" of rows that nobody sees.
        self.result_count = len(self.result_list)
        self.show_full_result_count, self.full_result_count = False, None
        self.show_admin_actions, self.can_show_all, self.show_all = True, False, False
        # One beyond the last is empty.
        known = min(start + max(len(rows), 1), MAX_LIST_PAGES * self.list_per_page)
        self.paginator = Paginator(range(known), self.list_per_page)
        self.multi_page = known > self.list_per_page

    def _read(self, request: HttpRequest, start: int) -> list[Any]:
        rows = self.queryset[start : start + self.list_per_page + 1]
        try:
            with list_slots.taken(request.user.pk):
                return query_deadline.read(LIST_TIMEOUT_SECONDS, self.model_admin.rows, rows, me(request))
        except query_deadline.TookTooLong:
            messages.warning(
                request, "That took too long. Look for less at once: in one room, or of one person."
            )
            return []


class BoundedAdmin(admin.ModelAdmin):
    paginator = Pages
    show_full_result_count = False
    list_per_page = 50
    empty_value_display = ""
    # The list's name where it isn't the model's.
    heading = ""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """The list's own filters and no other field's: whether a lookup finds something tells what is in a field that no
        page shows, such as an invite's code or a private text."""
        return lookup in {each.parameter_name for each in self.list_filter}  # type: ignore[union-attr]

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return BoundedList

    @property
    def list_heading(self) -> str:
        return self.heading or capfirst(str(self.opts.verbose_name_plural))

    def rows(self, found: QuerySet[Any], reader: "User") -> list[Any]:
        """The rows of a list with what it says of them to `reader`. Beside the server's loop."""
        return list(found)

    def render_change_form(
        self, request: HttpRequest, context: Any, *rest: Any, **options: Any
    ) -> HttpResponse:
        """Headed by whose page it is, not by "Change user"."""
        named: dict[str, Any] = {"heading": self.list_heading}
        if context.get("original") is not None:
            named |= {"title": str(context["original"]), "subtitle": None}
        return super().render_change_form(request, {**context, **named}, *rest, **options)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        named = {"module_name": self.list_heading, **(extra_context or {})}
        return super().history_view(request, object_id, named)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *location: Any
    ) -> HttpResponse | None:
        """On the rows that were ticked, never on all that there are."""
        if request.POST.get("select_across", "0") != "0":
            messages.error(request, "Tick the rows that are meant: no more than a page shows.")
            return redirect(request.get_full_path())
        return super().response_action(request, queryset, *location)


class FirstRows(BaseInlineFormSet):
    """The first of a room's many rows; the others have a list of their own."""

    def get_queryset(self) -> QuerySet[Model]:
        if not hasattr(self, "_queryset"):
            self._queryset = super().get_queryset().order_by("pk")[:MAX_INLINE_ROWS]
        return self._queryset

    def add_fields(self, form: Any, index: int | None) -> None:
        """A column's head is no label for a screen reader."""
        super().add_fields(form, index)
        for field in form.fields.values():
            field.widget.attrs.setdefault("aria-label", capfirst(str(field.label or "")))


def narrowed(term: str, *names: str) -> tuple[dict[str, str], str]:
    """`room:board from:ada lathe` as `{"room": "board", "from": "ada"}` and `lathe`: the names that a list knows."""
    given, words = dict[str, str](), []
    for word in term.split():
        name, colon, value = word.partition(":")
        if colon and value and name in names:
            given[name] = value
        else:
            words.append(word)
    return given, " ".join(words)
