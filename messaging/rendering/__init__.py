"""From what was typed to safe HTML: the markdown that chat people expect, mentions and room links.

Raw HTML, headings, images, tables and rules are not markdown here: they stay the characters they are.
"""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from functools import cache
from time import thread_time
from typing import Any

import nh3
from django.utils.html import escape
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from pygments import format as format_tokens
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

RULES = [
    "paragraph", "blockquote", "fence", "list",
    "text", "newline", "escape", "backticks", "strikethrough", "emphasis", "link", "autolink", "linkify",
]  # fmt: skip
TAGS = {"p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "span"}
ATTRIBUTES: dict[str, set[str]] = {
    "*": set(),
    "a": {"href", "class", "data-user", "data-room"},
    "pre": {"class"},
    "span": {"class"},
    "ol": {"start"},
}
# Markdown's inline rules are quadratic in what they leave open: 10,000 of `[` took 2 s. Beyond this many, the text
# is shown as it was typed. A long and lively message has some dozens.
MOST_MARKS = 400
MARKS = re.compile(r"[\[\]*_`~<>!(&]")
# The same for what looks like an address, a mention or a room (3,000 of `://` took 0.5 s), and for lines (lists).
MOST_LINKS = 400
LINKS = re.compile(r"//|\.\w|[@#]\w")
MOST_LINES = 1000
# Pygments' lexers are regular expressions, some of them quadratic: 4,000 blanks in C took 2 s in one step. What takes
# a message longer than this, in seconds of the processor's time, is shown without colours.
LONGEST_HIGHLIGHT = 4000
HIGHLIGHT_SECONDS = 0.05
GAP = re.compile(r"\s{100}")
# Letters, digits and the signs between words; a dot or colon only where a word ends, since `a.b` may be an address,
# and neither `1.` nor `-` at the start, which begin a list.
WORDS = re.compile(
    r"(?! |\d+\.|[-%])(?:[^\W_]++|[,!?;\u2019\u2026\u20ac%](?! )|-(?=[^\W_])|[.:,!?;](?= [^ ]|$)| (?=[^ ]))+"
)
LANGUAGES = {
    "bash", "c", "c++", "console", "cpp", "cs", "css", "csharp", "diff", "docker", "dockerfile", "go", "html", "ini",
    "java", "javascript", "js", "json", "kotlin", "lua", "make", "nginx", "php", "py", "python", "r", "rb", "ruby",
    "rs", "rust", "sh", "shell", "sql", "swift", "toml", "ts", "typescript", "xml", "yaml", "yml",
}  # fmt: skip

NAMES = re.compile(r"(?<![\w@#/.-])(@[A-Za-z0-9_.-]{3,32}|#[a-z0-9][a-z0-9_-]{0,63})(?![\w@])")

People = Mapping[str, str]


def names_in(body: str) -> tuple[set[str], set[str]]:
    """What might be a username (small letters) and what might be a room's slug, of the words behind `@` and `#`."""
    if "@" not in body and "#" not in body:
        return set(), set()
    words = [word for match in NAMES.finditer(body) for word in spellings(match[1])]
    return (
        {word[1:].lower() for word in words if word[0] == "@"},
        {word[1:] for word in words if word[0] == "#"},
    )


def spellings(word: str) -> list[str]:
    """`@ada.` at a sentence's end is `@ada`, unless there is somebody of that name."""
    return [word, bare] if (bare := word.rstrip(".-_")) != word and len(bare) > 1 else [word]


def render(body: str, people: People | None = None, rooms: People | None = None) -> str:
    """Safe HTML of `body`. `people` gives usernames by their small letters, `rooms` the names of rooms by their slug;
    only these become links."""
    if is_plain(body) or is_tangled(body):
        return plain(body)
    env = {"people": people or {}, "rooms": rooms or {}, "colouring": HIGHLIGHT_SECONDS}
    return clean(markdown().render(body, env)).strip()


def is_plain(body: str) -> bool:
    """One line of words in which markdown has nothing to find: most of what is said, and a tenth of the work."""
    return WORDS.fullmatch(body) is not None


def is_tangled(body: str) -> bool:
    """Made of marks more than of words: reading it as markdown would take too long."""
    return (
        len(MARKS.findall(body)) > MOST_MARKS
        or len(LINKS.findall(body)) > MOST_LINKS
        or body.count("\n") > MOST_LINES
    )


def plain(body: str) -> str:
    return "<p>" + escape(body).replace("\n", "<br>") + "</p>"


def clean(html: str) -> str:
    """The second wall: whatever the renderer lets through, only these tags and attributes leave the house."""
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


@cache
def markdown() -> MarkdownIt:
    options = {"html": False, "linkify": True, "breaks": True, "maxNesting": 12}
    parser = MarkdownIt("zero", options).enable([*RULES, "balance_pairs", "fragments_join"])
    parser.core.ruler.enable(["linkify"])
    parser.core.ruler.push("names", link_names)
    parser.add_render_rule("fence", fence)
    if parser.linkify:
        parser.linkify.set({"fuzzy_email": False})
    return parser


def fence(
    renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    code, language = tokens[index].content, tokens[index].info.strip().partition(" ")[0]
    return f'<pre class="code"><code>{coloured(code, language, env) or escape(code)}</code></pre>\n'


def coloured(code: str, language: str, env: MutableMapping[str, Any]) -> str | None:
    """Pygments' spans; None for a language that it isn't asked for, and for code that takes it too long."""
    if language.lower() not in LANGUAGES or len(code) > LONGEST_HIGHLIGHT or GAP.search(code):
        return None
    try:
        lexer = get_lexer_by_name(language.lower(), stripnl=False)
    except ClassNotFound:
        return None
    found = []
    end = thread_time() + env["colouring"]
    for token in lexer.get_tokens(code):
        found.append(token)
        if thread_time() > end:
            env["colouring"] = 0
            return None
    env["colouring"] = end - thread_time()
    return format_tokens(found, HtmlFormatter(nowrap=True))


def link_names(state: StateCore) -> None:
    """Mentions and room links, in text alone: not in code, and not inside another link."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = linked(block.children, state.env)


def linked(tokens: list[Token], env: Mapping[str, Any]) -> list[Token]:
    result: list[Token] = []
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        result += split(token, env) if token.type == "text" and not depth else [token]
    return result


def split(token: Token, env: Mapping[str, Any]) -> list[Token]:
    parts: list[Token] = []
    end = 0
    for match in NAMES.finditer(token.content):
        found = next(filter(None, (target(word, env) for word in spellings(match[1]))), None)
        if found is None:
            continue
        word, attributes = found
        parts += [text(token.content[end : match.start()]), *link(word, attributes)]
        end = match.start() + len(word)
    return [*parts, text(token.content[end:])]


def target(word: str, env: Mapping[str, Any]) -> tuple[str, dict[str, str | int | float]] | None:
    """The word and its link's attributes, if it names somebody or some room."""
    if word[0] == "@" and (username := env["people"].get(word[1:].lower())):
        return word, {"class": "mention", "href": f"/people/{username}", "data-user": username}
    if word[0] == "#" and word[1:] in env["rooms"]:
        return word, {"class": "room-link", "href": f"/chat/{word[1:]}", "data-room": word[1:]}
    return None


def text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def link(word: str, attributes: dict[str, str | int | float]) -> list[Token]:
    return [Token("link_open", "a", 1, attrs=attributes), text(word), Token("link_close", "a", -1)]
