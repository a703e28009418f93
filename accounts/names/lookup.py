"""Finding people and rooms by a part of a name, folded: `tomas` finds Tomás on both databases."""

from functools import cache, reduce
from operator import or_
from typing import Any

from django.db.models import Func, Q, TextField
from django.db.models.lookups import Contains

from accounts.names.folding import TYPED, fold, silent
from accounts.names.skeletons import accent

# What is ASCII needs no folding, as SQLite's LIKE and PostgreSQL's lower() take its letters for the same in any case.
OTHERS = {"sqlite": "*[^ -~]*", "postgresql": "[^ -~]"}
# Name of the function of SQLite's connections.
FUNCTION = "folded_name"
# Where all marks and joiners stand, but for those of scripts that hardly anybody writes names in.
MARKS = (*range(0x80, 0x2100), *range(0xFE00, 0xFF00))


class Folded(Func):
    """A name in the form in which it is looked for."""

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
    """Rows with `query` as a part of one of the fields; all rows for an empty one."""
    wanted = fold(query) or query
    return reduce(or_, (Q(Contains(Folded(field), wanted)) for field in fields)) if wanted else Q()


def postgresql(name: str) -> str:
    """`fold` as an expression: without marks, in small letters, with the characters of TYPED as they are typed."""
    letters = f"lower(regexp_replace(normalize({name}, NFKD), '[{dropped()}]', '', 'g'))"
    typed = {**TYPED, "ß": "ss", "ς": "σ"}
    for sign in [sign for sign, letter in typed.items() if len(letter) > 1]:
        letters = f"replace({letters}, '{sign}', '{typed.pop(sign)}')"
    quoted = "".join(typed.values()).replace("'", "''")
    letters = f"normalize(translate({letters}, '{''.join(typed)}', '{quoted}'), NFC)"
    return rf"regexp_replace({letters}, '\s+', ' ', 'g')"


@cache
def dropped() -> str:
    """What is left out, as the ranges of a bracket expression."""
    codes = {code for code in MARKS if accent(chr(code)) or silent(chr(code))}
    firsts = sorted(code for code in codes if code - 1 not in codes)
    lasts = sorted(code for code in codes if code + 1 not in codes)
    return "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in zip(firsts, lasts, strict=True))
