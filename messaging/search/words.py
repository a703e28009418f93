"""The words of a query."""

import re

from accounts.names import fold

# Between quotes, or between blanks. A quote that nothing closes is a character of its word.
WORD = re.compile(r'" ?(?P<phrase>[^" ][^"]*+)"|[^ ]++')


def words_of(query: str) -> list[str]:
    """Each once and folded; what stands between quotes is one. No database can look for NUL."""
    text = fold(query.replace("\x00", ""))
    found = ((match["phrase"] or match[0]).strip() for match in WORD.finditer(text))
    return list(dict.fromkeys(found))
