"""Words of a search query."""

import re

from accounts.names import fold

# Between quotes, or between blanks. An unclosed quote is part of its word.
WORD = re.compile(r'" ?(?P<phrase>[^" ][^"]*+)"|[^ ]++')


def words_of(query: str) -> list[str]:
    """Return each word once, folded; a quoted phrase is one word. NUL is dropped, which no database can search."""
    text = fold(query.replace("\x00", ""))
    found = ((match["phrase"] or match[0]).strip() for match in WORD.finditer(text))
    return list(dict.fromkeys(found))
