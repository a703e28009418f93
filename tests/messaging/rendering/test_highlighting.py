"""Code is coloured in time that grows with its length and no faster, in every language: shown by the parts of each
lexer's expression, and measured."""

import html
import re
from re import _constants as kind
from re import _parser as parser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.rendering import addresses, highlighting, languages, names, render
from messaging.rendering.highlighting import MAX_SPANS, Highlighter, spans
from messaging.rendering.languages import LANGUAGES

REPEATS = (kind.MAX_REPEAT, kind.MIN_REPEAT, kind.POSSESSIVE_REPEAT)
# What an expression may read ahead before it says no, in characters: two for a digit of `(?:[^"\\]|\\.){0,200}`.
LONGEST_LOOK = 650
# These are given no more of the text than MAX_ADDRESS_LENGTH, or twice as much.
LIMITED = {"addresses", "targets"}
PATTERNS = {
    **{name: language.pattern for name, language in LANGUAGES.items()},
    "names": names.NAMES.pattern,
    "links": names.LINKS.pattern,
    "addresses": addresses.WITH_SCHEME.pattern,
    "targets": addresses.TARGET.pattern,
}


def children(code, argument):
    """The sequences of which one part of a parsed expression is made."""
    if code is kind.BRANCH:
        return argument[1]
    if code is kind.SUBPATTERN:
        return [argument[3]]
    if code is kind.ATOMIC_GROUP:
        return [argument]
    if code in REPEATS:
        return [argument[2]]
    if code in (kind.ASSERT, kind.ASSERT_NOT):
        return [argument[1]]
    return []


def endless(sequence):
    """Whether anything in it repeats without a limit."""
    return any(
        (code in REPEATS and argument[1] == kind.MAXREPEAT) or any(map(endless, children(code, argument)))
        for code, argument in sequence
    )


def faults(sequence):
    """Why matching this could take longer than to read what it matches, and LONGEST_LOOK more."""
    behind = False
    for code, argument in sequence:
        for child in children(code, argument):
            yield from faults(child)
        if behind and not (code is kind.POSSESSIVE_REPEAT and argument[0] == 0):
            yield f"{code} {argument} can fail behind a repeat without a limit"
        if code in REPEATS and argument[1] > 1 and code is not kind.POSSESSIVE_REPEAT:
            yield f"{argument} goes back"
        if code in REPEATS and argument[1] == kind.MAXREPEAT and not argument[2].getwidth()[0]:
            yield f"{argument} repeats nothing"
        if code in (kind.ASSERT, kind.ASSERT_NOT) and endless(argument[1]):
            yield f"{argument} looks ahead without a limit"
        if code in (kind.GROUPREF, kind.GROUPREF_EXISTS):
            yield f"{argument} refers back"
        behind = behind or endless([(code, argument)])


def longest_look(sequence):
    """The most characters that are read before the first repeat without a limit."""
    total = 0
    for code, argument in sequence:
        inner = [longest_look(child) for child in children(code, argument)] or [1]
        if code in REPEATS and argument[1] != kind.MAXREPEAT:
            inner = [argument[1] * max(inner)]
        total += max(inner)
        if endless([(code, argument)]):
            break
    return total


@pytest.mark.parametrize("name", PATTERNS)
def test_an_expression_never_reads_again_what_it_has_read(name):
    parsed = parser.parse(PATTERNS[name], re.DOTALL | re.MULTILINE)
    assert not list(faults(parsed))
    if name in LIMITED:
        return
    alternatives = parsed[0][1][1] if parsed[0][0] is kind.BRANCH else [parsed]
    assert max(map(longest_look, alternatives)) <= LONGEST_LOOK


@pytest.mark.parametrize(
    "pattern", ["a+b", "(?:a+)+", "a++b", "(?:a*+)*+", "(?=a++)b", "a{1,9}b", r"(a)\1", "(?:a++b)*+", "a*?"]
)
def test_the_look_at_an_expression_sees_what_is_wrong(pattern):
    assert list(faults(parser.parse(pattern)))


@pytest.mark.parametrize("name", sorted(LANGUAGES))
@settings(max_examples=10)
@given(code=st.text(alphabet="ab 1\n\t\"'`#/*-<>=:{}[]()$@\\!;.,%&|~é+^?", max_size=200))
def test_nothing_is_lost_or_doubled(name, code):
    coloured = Highlighter().highlight(code, name)
    assert html.unescape(re.sub(r"</?span[^>]*>", "", coloured)) == code


# Of each kind of language a line, and what must stand out in it.
@pytest.mark.parametrize(
    ("name", "code", "found"),
    [
        ("python", "@app.route\ndef f(x): # why\n    return f'a{x}' + 1",
         "@app.route:nd def:k f:nf # why:c return:k f'a{x}':s 1:m"),
        ("py", '"""a\n"b" """ None', '"""a\n"b" """:s None:kc'),
        ("js", "const a = `b\n${c}` // d", "const:k `b\n${c}`:s // d:c"),
        ("ts", "let a: string = f(null)", "let:k string:kt f:nf null:kc"),
        ("c", "#include <a.h>\nint main(void) { return 0; } /* x */",
         "#include:cp int:kt main:nf void:kt return:k 0:m /* x */:c"),
        ("c++", "auto s = std::move(x);", "auto:kt move:nf"),
        ("java", "@Override public int a() { return 1; }", "@Override:nd public:k int:kt a:nf return:k 1:m"),
        ("go", "func f() error { return nil } // `", "func:k f:nf error:kt return:k nil:kc // `:c"),
        ("rust", "fn f<'a>(x: &'a str) -> char { println!(\"{}\", 'x') }", "fn:k str:kt char:kt println!:nf \"{}\":s 'x':s"),
        ("php", "<?php echo $a; ?>", "<?php:cp echo:k $a:na ?>:cp"),
        ("rb", "def a; @b = :c # d\nend", "def:k @b:na :c:sy # d:c end:k"),
        ("lua", "local a = [[b]] -- c", "local:k [[b]]:s -- c:c"),
        ("sql", "SELECT a FROM b WHERE c = 'it''s' -- d", "SELECT:k FROM:k WHERE:k 'it''s':s -- d:c"),
        ("bash", "for f in $HOME/*; do echo \"$f\" # x\ndone", "for:k in:k $HOME:na do:k echo:nb \"$f\":s # x:c done:k"),
        ("console", "me@host:~$ ls -l\ntotal 0\n$ git push", "me@host:~$:gp ls:nb 0:m $:gp git:nb"),
        ("docker", "FROM python:3\nRUN pip install x", "FROM:k python:nb 3:m RUN:k pip:nb"),
        ("make", "CC = gcc\nall: a.o\n\t$(CC) -o a # b", "CC =:na all::nf $(CC):na # b:c"),
        ("nginx", "server {\n  listen 80; # a\n}", "server:k listen:k 80:m # a:c"),
        ("json", '{"a": "b", "c": [1, true]}', '"a":nt "b":s "c":nt 1:m true:kc'),
        ("yaml", "a: 1 # b\nc-d:\n  - \"e\"\n  - &f true", 'a:nt 1:m # b:c c-d:nt "e":s &f:nd true:kc'),
        ("toml", "[a]\nb = 'c' # d\ne = true", "[a]:k b:na 'c':s # d:c e:na true:kc"),
        ("ini", "; a\n[b]\nc=1", "; a:c [b]:k c:na 1:m"),
        ("html", '<!-- a --><a href="b">c &amp; d</a>', '<!-- a -->:c <a:nt href:na "b":s >:nt &amp;:ni </a:nt >:nt'),
        ("xml", '<?xml version="1.0"?><a/>', '<?xml version="1.0"?>:cp <a:nt />:nt'),
        ("css", "/* a */ .b:hover { color: #fff; }", "/* a */:c .b:nc :hover:nd color:na #fff:m"),
        ("diff", "--- a\n+++ b\n@@ -1 +1 @@\n-c\n+d", "--- a:gh +++ b:gh @@ -1 +1 @@:gu -c:gd +d:gi"),
        ("kotlin", "fun f(a: Int) = when (a) { else -> null }", "fun:k f:nf Int:kt when:k else:k null:kc"),
        ("swift", "guard let a = b else { return nil }", "guard:k let:k else:k return:k nil:kc"),
        ("cs", "public async Task F() => await G();", "public:k async:k F:nf await:k G:nf"),
        ("r", "f <- function(x) NULL # a", "function:k NULL:kc # a:c"),
    ],
)  # fmt: skip
def test_what_stands_out(name, code, found):
    assert (
        " ".join(f"{code[start:end].strip()}:{kind}" for start, end, kind in spans(code, LANGUAGES[name]))
        == found
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [("js", '"open\nlet a'), ("py", "'''open\nx = 1"), ("c", "/* open\nint a"), ("sh", "'open\nls")],
)
def test_what_is_left_open_ends_with_its_line_or_the_code(name, code):
    assert "<span" in Highlighter().highlight(code, name)


def test_behind_so_many_spans_there_are_no_colours():
    body = "```json\n" + "1 " * (MAX_SPANS + 100) + "\n```\n```json\n1\n```"
    assert render(body).count("<span") == MAX_SPANS


def test_a_language_that_is_not_known_has_no_colours():
    assert "<span" not in render("```brainfuck\n1\n```")
    assert Highlighter().highlight("x", "brainfuck") is None
    assert highlighting.lexer(languages.PYTHON) is highlighting.lexer(LANGUAGES["PY".lower()])
