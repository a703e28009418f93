"""Lists of the administration whose cost doesn't grow with the table.

They count only the rows that they show, end after MAX_LIST_PAGES pages, and cancel queries after LIST_TIMEOUT_SECONDS: on
SQLite a slow list kept the whole site waiting.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import BooleanField, Model, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst

from chatsite.realtime.queues.slots import Slots
from chatsite.realtime.scheduling.yield_points import SlicedList
from chatsite.web import query_deadline
from chatsite.web.forms import PartialForm, TickBox, TickField
from chatsite.web.rest.api import me

if TYPE_CHECKING:
    from accounts.models import User

# Deadline of a list's queries, and how many lists are read at once.
LIST_TIMEOUT_SECONDS = 3.0
list_slots = Slots(2)
# Pages of a list, and of the suggestions for a field.
MAX_LIST_PAGES = 20
# Rows of an inline: each is a form, which takes some milliseconds to render.
MAX_INLINE_ROWS = 10


# Boxes that a form leaves out stay as they are.
TICKED: Any = {BooleanField: {"form_class": TickField, "widget": TickBox}}


class PartialModelForm(PartialForm, ModelForm):
    """A form of a row, or of a part of its fields."""


class Pages(Paginator):
    """Paginator of at most MAX_LIST_PAGES pages."""

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
        """Load one row more than the page shows, which tells whether there is a next page."""
        if not 1 <= self.page_num <= MAX_LIST_PAGES:
            raise IncorrectLookupParameters
        start = (self.page_num - 1) * self.list_per_page
        rows = self._read(request, start)
        self.result_list = SlicedList(rows[: self.list_per_page])
        # Only the rows of this page, so that Django offers no "select all" of rows that aren't shown.
        self.result_count = len(self.result_list)
        self.show_full_result_count, self.full_result_count = False, None
        self.show_admin_actions, self.can_show_all, self.show_all = True, False, False
        # At least one row, so that a page beyond the last is empty instead of an error.
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
    form: Any = PartialModelForm
    formfield_overrides = TICKED
    paginator = Pages
    show_full_result_count = False
    list_per_page = 50
    empty_value_display = ""
    # Heading of the list; the model's plural where it is empty.
    heading = ""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow only the list's own filters. A lookup by another field would reveal, by what it finds, values that no page
        shows, such as an invite's code or a private text."""
        return lookup in {each.parameter_name for each in self.list_filter}  # type: ignore[union-attr]

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return BoundedList

    @property
    def list_heading(self) -> str:
        return self.heading or capfirst(str(self.opts.verbose_name_plural))

    def rows(self, found: QuerySet[Any], reader: "User") -> list[Any]:
        """Load the rows of a list with everything that it shows of them to `reader`. On SQLite it runs in a thread."""
        return list(found)

    def render_change_form(
        self, request: HttpRequest, context: Any, *rest: Any, **options: Any
    ) -> HttpResponse:
        """Head the page with the object's name instead of "Change user"."""
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
        """Refuse actions on rows that aren't ticked ("select all")."""
        if request.POST.get("select_across", "0") != "0":
            messages.error(request, "Tick the rows that are meant: no more than a page shows.")
            return redirect(request.get_full_path())
        return super().response_action(request, queryset, *location)


class AdministratorsOnly(admin.ModelAdmin):
    """Base of lists that administrators see, and whose rows nobody adds, changes or deletes by a form."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return me(request).is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return me(request).is_superuser

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class FirstRows(BaseInlineFormSet):
    """Inline formset of the first MAX_INLINE_ROWS rows; the full list has a page of its own."""

    def get_queryset(self) -> QuerySet[Model]:
        if not hasattr(self, "_queryset"):
            self._queryset = super().get_queryset().order_by("pk")[:MAX_INLINE_ROWS]
        return self._queryset

    def add_fields(self, form: Any, index: int | None) -> None:
        """Label each field for screen readers, which don't read the column's head."""
        super().add_fields(form, index)
        for field in form.fields.values():
            field.widget.attrs.setdefault("aria-label", capfirst(str(field.label or "")))


def split_search(term: str, *names: str) -> tuple[dict[str, str], str]:
    """Split a search: `room:board from:ada lathe` is `({"room": "board", "from": "ada"}, "lathe")` with these `names`."""
    given, words = dict[str, str](), []
    for word in term.split():
        name, colon, value = word.partition(":")
        if colon and value and name in names:
            given[name] = value
        else:
            words.append(word)
    return given, " ".join(words)
