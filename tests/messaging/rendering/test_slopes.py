"""What people type takes time that grows with its length and no faster: four times the text, four times the time.

Compared are two lengths of one text within one run, so that a slow machine is slow with both.
"""

import gc
import itertools
import random
from functools import partial
from time import thread_time

import pytest
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, URLValidator
from django.utils.html import urlize
from django.utils.text import slugify

from accounts import names
from accounts.payloads import initials
from chatsite.contract.errors import ChatError
from chatsite.observability import logs
from emoji.names import Picture, known
from messaging.history import timeline
from messaging.payloads import first_line
from messaging.rendering import is_plain, names_in, render, weight
from messaging.rendering.highlighting import Highlighter
from messaging.rendering.languages import LANGUAGES
from messaging.search.folded import words_of
from rooms.names import check_slug, checked

pytestmark = pytest.mark.slow
SHORT, LONG = 2500, 10_000
# Four times the text; what is beyond a straight line is noise, and a square would be 16.
STEEPEST = 10
# What takes less is as quick as nobody could feel: of a piece of work that takes a good machine 10 ms.
QUICK = 0.2
ATOMS = [
    "a", "1", " ", "\n", "\t", ".", ",", ":", ";", "-", "_", "*", "~", "`", "```", "#", "@", "/", "\\", "|", "'", '"', "(",
    ")", "[", "]", "{", "}", "<", ">", "=", "+", "!", "?", "%", "$", "&", "^", "](", "- ", "> ", "1. ", "**", "~~", "://", "http://a",
    "www.a.b", "a.co/", "@aa", "#aa", "&amp;", "\r", "\x85", "\u2028", "\u0301", "e\u0301", "א", "\u202e", "😀",
    "👩\u200d👩\u200d👧", "。", "ß", "\uff20", "a@b.co", "mailto:",
]  # fmt: skip


def patterns(count, atoms=ATOMS, seed=7):
    """Units that are repeated: each atom, and `count` runs of two to six, always the same ones."""
    chance = random.Random(seed)
    yield from (*atoms, ":ab:", "a :ab:", ":ab")
    for _ in range(count):
        yield "".join(chance.choices(atoms, k=chance.choice((2, 2, 2, 3, 3, 6))))


def text(unit, length):
    return (unit * (length // len(unit) + 1))[:length]


def after(unit, length):
    """A half of the one, and a long tail on which each of them may look."""
    return text(unit, length // 2) + text("a", length // 2)


def took(work, best_of=3):
    """The least seconds of this thread's CPU."""
    times = []
    for _ in range(best_of):
        began = thread_time()
        work()
        times.append(thread_time() - began)
    return min(times)


@pytest.fixture(autouse=True)
def uncollected():
    """A look at all of a test process's objects takes longer than a text may; the server keeps most of its own out of it."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def own_emoji(monkeypatch):
    """The site has an emoji that some of these texts name."""
    monkeypatch.setattr(known, "pictures", {"ab": Picture("ab", "/emoji/ab/0", False)})


@pytest.fixture(scope="module")
def quick():
    return QUICK * took(lambda: sum(n for n in range(300_000)))


def steep(work, units, quick, make=text):
    """The units of which a long text takes longer than its length says."""
    found = []
    for unit in units:
        long, short = partial(work, make(unit, LONG)), partial(work, make(unit, SHORT))
        # Only what looks bad is worth the time of further looks: others use the same caches.
        if all(
            took(long, best_of) > max(quick, STEEPEST * took(short, best_of) if best_of > 1 else 0)
            for best_of in (1, 3, 15)
        ):
            found.append(unit)
    return found


def refused(check):
    def work(value):
        try:
            check(value)
        except (ValidationError, ChatError):
            pass

    return work


def rendered(body):
    """A mark before it, so that it is no plain words, whatever its length."""
    return render("`" + body, {"aa": "aa"}, {"aa": "aa"})


WORKS = {
    "render": rendered,
    "weight": weight,
    "is_plain": is_plain,
    "names_in": names_in,
    "first_line": first_line,
    "words_of": words_of,
    "fold": names.fold,
    "mentions": lambda html: timeline.mentions("<a " + html, "ada"),
    "username": refused(names.validate_username),
    "display name": refused(names.validate_display_name),
    "tidy": names.tidy,
    "initials": initials.__wrapped__,
    "room's name": refused(partial(checked, "name", longest=64)),
    "slug": refused(check_slug),
    "slugify": slugify,
    "e-mail": refused(EmailValidator()),
    "address": refused(URLValidator()),
    "browsable API": partial(urlize, nofollow=True, autoescape=True),
    "log": logs.without_quotes,
}


@pytest.mark.parametrize("name", WORKS)
def test_four_times_the_text_takes_four_times_the_time(name, quick):
    assert not steep(WORKS[name], patterns(80), quick)


def test_four_times_the_text_renders_in_four_times_the_time_with_a_tail_too(quick):
    assert not steep(WORKS["render"], patterns(80), quick, after)


@pytest.mark.parametrize(
    "name", sorted({id(language): name for name, language in LANGUAGES.items()}.values())
)
def test_four_times_the_code_is_coloured_in_four_times_the_time(name, quick):
    units = [
        *patterns(10, seed=name),
        *map("".join, itertools.product("'\"/#-<[{(`\\$", "\n*'\"a")),
    ]
    assert not steep(lambda code: Highlighter().highlight(code, name), units, quick)


def test_the_console_bomb_is_an_ordinary_message(quick):
    """Pygments took a minute, and the server's watchdog its worker."""
    bomb = "```console\n" + "a" * 1200 + ":" * 1200 + "\n```"
    assert took(lambda: render(bomb)) < 10 * quick
    assert "<pre" in render(bomb)


@pytest.mark.parametrize("unit", list(patterns(20, seed=3)))
def test_the_longest_message_takes_as_long_as_a_hundredth_of_a_second_s_work(unit, quick):
    """Whatever it is made of: `quick` is a fifth of that."""
    for body in (
        text(unit, LONG),
        after(unit, LONG),
        *(f"```{name}\n{text(unit, LONG - 20)}" for name in ("py", "yaml")),
    ):
        assert took(partial(render, body, {"aa": "aa"}, {"aa": "aa"})) < 15 * quick


def test_a_square_is_seen(quick):
    def square(body):
        for _ in range(len(body) // 50):
            for _ in range(len(body) // 10):
                pass

    assert steep(square, ["ab"], quick / 100)


def test_a_logged_quote_is_read_once(quick):
    assert logs.without_quotes("'" + "\\" * 1000 + "\nsecret") == "'…'"
    assert logs.without_quotes("it isn't 'it\\' 1' \"2\" b'3\n") == "it isn't '…' '…' '…'"
