"""Search of people and rooms by a part of a name, folded on both databases: `tomas` finds Tomás."""

from functools import cache, reduce
from operator import or_
from typing import Any

from django.db.models import Func, Q, TextField
from django.db.models.lookups import Contains

from accounts.names.folding import TYPED, fold, silent
from accounts.names.skeletons import accent

# Patterns of names that are not ASCII alone. ASCII needs no folding: LIKE and lower() ignore its case.
OTHERS = {"sqlite": "*[^ -~]*", "postgresql": "[^ -~]"}
# Name of SQLite's folding function, defined on each connection.
FUNCTION = "folded_name"
# Code ranges with all marks and joiners but those of rare scripts.
MARKS = (*range(0x80, 0x2100), *range(0xFE00, 0xFF00))


class Folded(Func):
    """SQL expression of a name in its folded form."""

    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        name = "%(expressions)s"
        template = f"CASE WHEN {name} GLOB '{OTHERS['sqlite']}' THEN {FUNCTION}({name}) ELSE {name} END"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        name = "%(expressions)s"
        template = (
            f"CASE WHEN {name} ~ '{OTHERS['postgresql']}' THEN {postgresql(name)} ELSE lower({name}) END"
        )
        return self.as_sql(compiler, connection, template=template, **context)


def name_contains(query: str, *fields: str) -> Q:
    """Return a condition: `query` is part of one of the fields, folded. Matches every row if `query` is empty."""
    wanted = fold(query) or query
    return reduce(or_, (Q(Contains(Folded(field), wanted)) for field in fields)) if wanted else Q()


def postgresql(name: str) -> str:
    """Return `fold` as an SQL expression of PostgreSQL."""
    letters = f"lower(regexp_replace(normalize({name}, NFKD), '[{dropped()}]', '', 'g'))"
    typed = {**TYPED, "ß": "ss", "ς": "σ"}
    for sign in [sign for sign, letter in typed.items() if len(letter) > 1]:
        letters = f"replace({letters}, '{sign}', '{typed.pop(sign)}')"
    quoted = "".join(typed.values()).replace("'", "''")
    letters = f"normalize(translate({letters}, '{''.join(typed)}', '{quoted}'), NFC)"
    return rf"regexp_replace({letters}, '\s+', ' ', 'g')"


@cache
def dropped() -> str:
    """Return the ignored characters, as ranges for a bracket expression."""
    codes = {code for code in MARKS if accent(chr(code)) or silent(chr(code))}
    firsts = sorted(code for code in codes if code - 1 not in codes)
    lasts = sorted(code for code in codes if code + 1 not in codes)
    return "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in zip(firsts, lasts, strict=True))
