"""Filters of the administration's lists. All filters of a list are in one form, which works without JavaScript."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest


class ChoiceFilter(SimpleListFilter):
    """Filter by one of `choices_in_words`: value → (label, condition on the rows)."""

    choices_in_words: dict[str, tuple[str, Q]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, words) for value, (words, _) in self.choices_in_words.items()]

    def queryset(self, request: HttpRequest, found: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.choices_in_words.get(self.value() or "")
        return found.filter(chosen[1]) if chosen else found


class TypedFilter(SimpleListFilter):
    """Filter by a typed name; `completes` is the key of its suggestions in `site.completions`."""

    completes: str
    placeholder = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def has_output(self) -> bool:
        return True

    def typed(self) -> str:
        return (self.value() or "").replace("\x00", "").strip()

    def queryset(self, request: HttpRequest, found: QuerySet[Any]) -> QuerySet[Any]:
        return self.narrowed(found, self.typed()) if self.typed() else found

    def narrowed(self, found: QuerySet[Any], typed: str) -> QuerySet[Any]:
        raise NotImplementedError
