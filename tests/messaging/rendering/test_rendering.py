import gc
import html
import re
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import thread_time

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging import rendering
from messaging.rendering import clean, is_plain, names_in, render, to_html, weight
from messaging.rendering.cpu_limit import TooLong, cpu_limit

PEOPLE = {"ada": "Ada", "ada.b": "ada.b"}
ROOMS = {"general": "general"}


@pytest.fixture(autouse=True)
def uncollected():
    """A look at all of a test process's objects takes longer than a text may; the server keeps most of its own out of it."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("**a** *b* ~~c~~ `d`", "<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("# no heading", "<p># no heading</p>"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("---", "<p>---</p>"),
        ("> q", "<blockquote>\n<p>q</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("a &amp; b", "<p>a &amp;amp; b</p>"),
    ],
)
def test_markdown(body, expected):
    assert render(body) == expected


@pytest.mark.parametrize(
    "body", ["🎉", "👍🏽", "🎉🎉🎉", "🎉 ❤️ 🇳🇱", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "#️⃣1️⃣", "👁‍🗨", "🎉\n🎉", "©️"]
)
def test_up_to_three_emoji_are_large(body):
    assert render(body) == f'<p class="emoji-only">{body}</p>'.replace("\n", "<br>")


@pytest.mark.parametrize(
    "body",
    [
        "🎉🎉🎉🎉",
        "🎉 done",
        "🎉.",
        "1",
        "#",
        "12",
        "©",
        "❤",
        "ok",
        "🎉 *",
        "👍" + "\ufe0f" * 40,
        "你好",
        "`🎉`",
        "🇳",
    ],
)
def test_anything_else_is_not(body):
    assert "emoji-only" not in render(body)


def test_links_are_safe_and_images_are_none():
    assert 'href="https://example.org/a"' in render("see https://example.org/a.")
    assert 'rel="noopener noreferrer nofollow"' in render("https://example.org")
    assert "<img" not in render("![x](https://example.org/a.png)")
    assert "href" not in render("[x](javascript:alert(1)) [y](data:text/html,x) [z](vbscript:x)")


def test_mentions_and_room_links():
    html = render("@ADA, @ada. and @ada.b. in #general, not @bo or #nowhere", PEOPLE, ROOMS)
    assert re.findall(r'data-user="([^"]+)"', html) == ["Ada", "Ada", "ada.b"]
    assert re.findall(r'data-room="([^"]+)"', html) == ["general"]
    assert "@bo" in html


@pytest.mark.parametrize(
    "body", ["`@ada`", "```\n@ada\n```", "[@ada](https://x.org)", "mail@ada", "https://x.org/@ada"]
)
def test_no_mention_in_code_links_and_addresses(body):
    assert 'class="mention"' not in render(body, PEOPLE, ROOMS)


def test_code_is_coloured_by_classes():
    html = render("```python\nx = 1\n```")
    assert '<pre class="code"><code>' in html
    assert '<span class="m">1</span>' in html
    assert "style=" not in html


@pytest.mark.parametrize(
    "body",
    [
        "ありがとう@adaさん",
        "\uff20adaさん",
        "(@ada)",
        "「@ada」",
        '"@ada"',
        "'@ada'",
        "é@ada",
        "@ada、#general。",
        "/@ada",
    ],
)
def test_a_mention_stands_beside_anything_but_ascii_words(body):
    assert 'data-user="Ada"' in render(body, PEOPLE, ROOMS)
    assert names_in(body)[0] == {"ada"}


@pytest.mark.parametrize(
    "body", ["x@ada", "1@ada", "_@ada", ".@ada", "-@ada", "@@ada", "@ada@x", "@adax", "@" + "a" * 33]
)
def test_what_is_no_mention(body):
    assert "data-user" not in render(body, PEOPLE, ROOMS)


SEEN = [
    "¯\\_(ツ)_/¯", "\\\\nas01\\photos", "a\\.b", "\\d+\\.\\w", "a \\\nb", "\\", "C:\\_x", "C:\\_x is _so_ here", "C:\\*.txt",
    "*.txt or \\*.log", "2 \\* 3", "\\[a]", "a\\]", "\\`", "\\~/x and ~/y", "a \\> b", "a \\- b", "1\\.5",
    "\\(a\\) \\+1",
]  # fmt: skip


@pytest.mark.parametrize("body", SEEN)
def test_a_backslash_where_no_mark_would_be_is_seen(body):
    shown = re.sub("</?em>", "_", render(body))
    assert html.unescape(shown) == f"<p>{body}</p>".replace("\n", "<br>\n")


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("\\- a", "- a"),
        ("\\* a", "* a"),
        ("\\+ a", "+ a"),
        ("12\\. a", "12. a"),
        ("1\\) a", "1) a"),
        ("\\> a", "&gt; a"),
        ("a\n\\> b", "a<br>\n&gt; b"),
        ("\\*\\*a\\*\\*", "**a**"),
        ("\\_a_", "_a_"),
        ("\\~\\~a~~", "~~a~~"),
        ("C:\\_x\\_y_", "C:_x\\_y_"),
        ("[a\\](/b)", "[a](/b)"),
    ],
)
def test_a_backslash_is_not_seen_where_it_keeps_a_mark_from_being_one(body, shown):
    assert render(body) == f"<p>{shown}</p>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a   b", '<p class="spaced">a   b</p>'),
        ("  a\nb", '<p class="spaced">  a<br>b</p>'),
        ("def f(x):\n    if x:\n\treturn 1", '<p class="spaced">def f(x):<br>    if x:<br>\treturn 1</p>'),
        ("a\n\n    b", '<p>a</p>\n<p class="spaced">    b</p>'),
        ("a\tb\n1\t2", '<p class="spaced columns">a\tb<br>1\t2</p>'),
        ("- a  b\n- c", '<ul>\n<li>\n<p class="spaced">a  b</p>\n</li>\n<li>c</li>\n</ul>'),
        (">   a", '<blockquote>\n<p class="spaced">  a</p>\n</blockquote>'),
        ("*a*  `b  c`", '<p class="spaced"><em>a</em>  <code>b  c</code></p>'),
        ("a  \nb", "<p>a<br>\nb</p>"),
        ("- a\n  b", "<ul>\n<li>a<br>\nb</li>\n</ul>"),
        (" " * 3 + "[" * 9_000, f'<p class="spaced">   {"[" * 9_000}</p>'),
    ],
)
def test_blanks_that_html_would_drop_are_kept(body, expected):
    assert render(body) == expected


def test_a_backslash_keeps_a_mark_from_being_one():
    assert render("\\*a\\* \\`b\\` \\[c](/d) \\~~e~~ \\<https://f>") == (
        "<p>*a* `b` [c](/d) ~~e~~ &lt;"
        '<a href="https://f" target="_blank" rel="noopener noreferrer nofollow">https://f</a>&gt;</p>'
    )


@pytest.mark.parametrize(
    "body", ["README.md", "see main.py, deploy.sh", "example.org", "v1.2/3", "src/main.rs/x", "a.b", "1.5"]
)
def test_a_bare_word_is_no_link(body):
    assert "href" not in render(body)


@pytest.mark.parametrize(
    ("body", "address"),
    [
        ("(https://example.org/a).", "https://example.org/a"),
        ("see https://example.org/a_b_(c)?d[]=1&e=*f* now", "https://example.org/a_b_(c)?d%5B%5D=1&amp;e=*f"),
        ("**https://example.org**", "https://example.org"),
        ("「https://example.org/a」", "https://example.org/a"),
        ("www.example.org", "http://www.example.org"),
        ("example.org/a, b", "http://example.org/a"),
        ("github.com/a/b.", "http://github.com/a/b"),
        ("mailto:ada@example.org", "mailto:ada@example.org"),
        ("[a](https://example.org/b 'title')", "https://example.org/b"),
        ("<https://example.org>", "https://example.org"),
        ("http://münchen.de/ä", "http://xn--mnchen-3ya.de/%C3%A4"),
    ],
)
def test_addresses(body, address):
    html = render(body)
    assert f'<a href="{address}" target="_blank" rel="noopener noreferrer nofollow">' in html
    assert html.count("href") == 1


def test_a_link_within_the_site_opens_here():
    assert "target" not in render("[a](/chat/general) @ada", PEOPLE, ROOMS)
    assert "href" not in render("[a](//example.org) [b](javascript:alert(1)) [c](docs)")


XSS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java\tscript:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "<javascript:alert(1)>",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    '[a](https://x.org "onmouseover=alert(1)")',
    '[a](https://x.org/"onmouseover="alert(1))',
    "```<script>\nalert(1)\n```",
    '```"onclick="alert(1)\nx\n```',
    "`<script>alert(1)</script>`",
    "<svg/onload=alert(1)>",
    "https://x.org/<script>alert(1)</script>",
    '@ada"onclick=alert(1)',
    "<a href='javascript:alert(1)'>x</a>",
    "\x3cscript\x3ealert(1)\x3c/script\x3e",
    "<style>*{x:expression(alert(1))}</style>",
    "<iframe src=javascript:alert(1)>",
    "[a]: javascript:alert(1)\n\n[a]",
]


@pytest.mark.parametrize("body", XSS)
def test_the_usual_attacks_stay_text(body):
    assert_safe(render(body, PEOPLE, ROOMS))


@given(st.text(alphabet=st.sampled_from("<>[]()*_~`@#!&\"'\\/:.-\n adajvscriptonerh=01"), max_size=200))
def test_no_text_makes_more_than_the_allowed_html(body):
    assert_safe(render(body, PEOPLE, ROOMS))


def assert_safe(html):
    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z0-9]+)", html))
    assert tags <= {
        "p",
        "br",
        "strong",
        "em",
        "s",
        "code",
        "pre",
        "blockquote",
        "ul",
        "ol",
        "li",
        "a",
        "span",
    }
    for href in re.findall(r'href="([^"]*)"', html):
        assert href.startswith(("https://", "http://", "mailto:", "/people/", "/chat/")), href
    for attribute in re.findall(r"<[a-z]+\s([^>]*)>", html):
        names = re.findall(r'([\w-]+)="[^"]*"', attribute)
        assert set(names) <= {"href", "rel", "target", "class", "data-user", "data-room", "start"}, attribute
    assert nh3.is_html(html) or "<" not in html


def test_what_would_take_long_is_shown_as_typed():
    body = "[" * 10_000
    assert render(body) == f"<p>{body}</p>"
    assert "<strong>" in render("**a** " * 100)


@pytest.mark.parametrize(
    "body",
    [
        "**a** " * 100,
        "- a\n" * 250,
        "see https://example.org/a/b and " * 150,
        "```\n" + "[*_`~\n" * 1600 + "```",
    ],
)
def test_a_long_and_lively_message_is_not_shown_as_typed(body):
    assert any(tag in render(body) for tag in ("<strong>", "<li>", "<a ", "<pre"))


def test_marks_in_code_are_no_marks():
    html = render("**a**\n```\n" + "[*_`" * 2000 + "\n```")
    assert "<strong>" in html
    assert "<pre" in html


def test_a_computation_that_takes_too_long_is_ended_and_the_text_shown_as_typed(monkeypatch):
    def endless(body, people, rooms, calls):
        return re.match(r"(a+)+$", "a" * 100 + "b")

    monkeypatch.setattr(rendering, "to_html", endless)
    assert render("*a*\nb") == "<p>*a*<br>b</p>"
    monkeypatch.undo()
    assert render("*a*") == "<p><em>a</em></p>"


def test_a_limit_that_is_over_ends_nothing():
    with cpu_limit(0.02):
        pass
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)
    end = thread_time() + 0.05
    while thread_time() < end:
        pass


def test_a_limit_is_not_the_code_s_to_catch():
    def swallow():
        while True:
            try:
                while True:
                    pass
            except Exception:
                pass

    with pytest.raises(TooLong), cpu_limit(0.02):
        swallow()


def test_within_a_limit_no_garbage_is_finalised():
    """What a finalizer raises is lost: the limit's end, and what else it was to do."""

    class Cycle:
        died = 0

        def __init__(self):
            self.itself = self

        def __del__(self):
            Cycle.died += 1

    gc.enable()
    with cpu_limit(5):
        for _ in range(5000):
            Cycle()
        assert Cycle.died == 0
    assert gc.isenabled()
    gc.collect()
    assert Cycle.died == 5000


def test_in_a_thread_text_is_rendered_without_a_limit():
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(render, "*a*").result() == "<p><em>a</em></p>"


@pytest.mark.parametrize(
    "unit",
    [
        "_a", "\n- a", "*a*", "[a](/b)", "http://a ", "<http://a>", "a\n", "`a`", "```py\n1\n```\n", "(%.\n\n", ">", "#aa ",
    ],
)  # fmt: skip
def test_the_weight_of_a_text_follows_what_it_takes(unit):
    """A batch holds up all others for as long as its texts take, and is cut by their weight: 1.5 µs for each. Calls are
    counted, of some 0.2 µs each, as times differ with whatever else the machine does; a time shows what is slow in one."""
    render(unit)
    for body in (unit, unit * 50, unit * 200, (unit * 10_000)[:10_000]):
        work, units = partial(render, body, PEOPLE, {"aa": "aa"}), weight(body) + 50
        assert calls_of(work) < 22 * units
        assert least(3, work) / units < least(3, lambda: sum(n for n in range(300_000))) / 700


def calls_of(work):
    """Count the calls of functions, Python's and C's."""
    calls = 0

    def count(frame, event, arg):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def least(tries, work):
    return min(seconds_of(work) for _ in range(tries))


def seconds_of(work):
    """Of this thread's CPU."""
    began = thread_time()
    work()
    return thread_time() - began


def test_ordinary_code_is_coloured():
    assert "<span" in render("```c\nint main(void) {\n    return 0;\n}\n```")


@settings(max_examples=500)
@given(
    st.text(alphabet="aäé1 .,:;!?-%\u2019\u2026\u20acZ-w/\n", max_size=30).filter(is_plain)
    | st.sampled_from(
        [
            "hello world",
            "It is 9 o\u2019clock, come.",
            "one. two: three; four!",
            "Saturday is free.",
            "well-known",
            "50% more",
        ]
    )
)
def test_what_is_taken_for_plain_looks_the_same_through_markdown(body):
    assert render(body) == clean(to_html(body, {}, {})).strip()


MARKED_TEXT_WEIGHT = [
    "1. one",
    "- a",
    "a.b",
    "www.x.org",
    "a_b_c",
    " a",
    "a ",
    "a  b",
    "a\nb",
    "@ada",
    "#general",
    "a: b\n",
    "http://x",
]


@pytest.mark.parametrize("body", MARKED_TEXT_WEIGHT)
def test_what_may_be_markdown_is_not_taken_for_plain(body):
    assert not is_plain(body)


@pytest.mark.parametrize("sign", "&<>\"'")
@pytest.mark.parametrize(
    "around", ["{}", "{}a", "a{}", "a{}b", "a {} b", "a.{}", "a {}b, c", "50%{}", "ä{}é"]
)
def test_nothing_that_html_must_escape_is_taken_for_plain(sign, around):
    assert not is_plain(around.format(sign))
