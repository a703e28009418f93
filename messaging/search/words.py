"""The words of a query, and a text that contains one."""

from functools import reduce
from operator import or_

from django.db.models import Q


def words_of(query: str) -> list[str]:
    """Each once, as it was typed. No database can look for NUL."""
    return list({word.casefold(): word for word in query.replace("\x00", "").split()}.values())


def containing(word: str) -> Q:
    """In any case: SQLite takes no other letters than ASCII's for the same, nor does PostgreSQL in the C locale, so the
    usual forms of others are named."""
    forms = {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}
    return reduce(or_, (Q(body__icontains=form) for form in sorted(forms)))
