"""Template tag that drops line breaks of templates which are written one attribute a line and sent many times a page."""

import re

from django import template
from django.template.base import Node, NodeList, Parser, Token, TokenType
from django.template.context import Context
from django.utils.safestring import SafeString

register = template.Library()

LINE_BREAK = r"\s*\n\s*"
PIECE = re.compile(rf'{LINE_BREAK}|[<>"]')


@register.tag
def compact(parser: Parser, token: Token) -> "Compact":
    """Drop line breaks and the blanks around them up to `endcompact`; between two attributes of an element one blank stays.

    The tag acts once, when the template is compiled, and only on the template's own text: variables keep their whitespace,
    as code blocks need it. To keep a blank between two words, write both on one line.
    """
    markup = Markup()
    ahead: list[Token] = parser.tokens  # type: ignore[assignment] # the stubs know no element type
    for part in reversed(ahead):
        if part.token_type == TokenType.BLOCK and part.contents == "endcompact":
            break
        if part.token_type == TokenType.TEXT:
            part.contents = markup.compacted(part.contents)
    nodes = parser.parse(("endcompact",))
    parser.delete_first_token()
    return Compact(nodes)


class Compact(Node):
    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        return self.nodelist.render(context)


class Markup:
    """State of a scan of markup: inside of a tag's head or not, inside of an attribute's quotes or not."""

    def __init__(self) -> None:
        self.in_tag = self.quoted = False

    def compacted(self, text: str) -> str:
        return PIECE.sub(self.replacement, text)

    def replacement(self, match: re.Match[str]) -> str:
        piece = match[0]
        if piece == '"':
            self.quoted = self.in_tag and not self.quoted
        elif piece in "<>":
            self.in_tag = self.quoted or piece == "<"
        else:
            between = self.in_tag and not self.quoted and match.string[match.end() : match.end() + 1] != ">"
            return " " if between else ""
        return piece
