"""One spelling for each emoji, and nothing else."""

import json

import pytest
from django.conf import settings as settings_of_site
from hypothesis import given, settings
from hypothesis import strategies as st

from chatsite.contract.emoji import COMMON, MAX_EMOJI_LENGTH, SELECTORS, sequences
from chatsite.contract.errors import Invalid
from messaging.models import Reaction
from messaging.reactions.emoji import canonical

ALL = sorted(sequences().values())


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("❤", "❤️"), ("❤️", "❤️"), ("❤\ufe0e", "❤️"), ("👍", "👍"), ("👍\ufe0f", "👍"), ("👍🏽", "👍🏽"), ("#⃣", "#️⃣"),
        ("🏳‍🌈", "🏳️‍🌈"), ("👁‍🗨", "👁️‍🗨️"), ("🇳🇱", "🇳🇱"), ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
    ],
)  # fmt: skip
def test_an_emoji_has_one_spelling(typed, stored):
    assert canonical(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "a", "1", "#", "👍👍", "👍 ", " 👍", "👍\n", "🏽", "\u200d", "\ufe0f", "🇳", "👍🏽🏽", "👨‍", ":+1:",
        "thumbs up",
        "<b>", "👍\u200d👍", "\x00",
    ],
)  # fmt: skip
def test_what_is_no_emoji_is_refused(typed):
    with pytest.raises(Invalid) as refused:
        canonical(typed)
    assert list(refused.value.fields) == ["emoji"]


@pytest.mark.parametrize("typed", [":party_parrot:", ":Party:", ":+1:"])
def test_the_site_has_no_emoji_of_its_own(typed, db):
    with pytest.raises(Invalid, match="of that name"):
        canonical(typed)


def test_those_offered_to_everybody_are_spelled_as_stored():
    assert [canonical(emoji) for emoji in COMMON] == list(COMMON)


def test_the_table_has_all_of_them_and_the_column_room_for_each():
    assert len(ALL) > 3900
    assert max(map(len, ALL)) < MAX_EMOJI_LENGTH == Reaction._meta.get_field("emoji").max_length


@given(st.sampled_from(ALL))
def test_whatever_selectors_a_keyboard_leaves_out_or_puts_behind(emoji):
    assert canonical(emoji) == canonical(SELECTORS.sub("", emoji)) == canonical(f"{emoji}\ufe0f") == emoji


@settings(max_examples=40)
@given(st.text(max_size=80) | st.lists(st.sampled_from(ALL), min_size=2, max_size=4).map("".join))
def test_nothing_else_becomes_one(text):
    try:
        assert canonical(text) in ALL
    except Invalid:
        assert SELECTORS.sub("", text) not in sequences()


def test_whatever_the_picker_offers_is_spelled_as_stored():
    offered = json.loads((settings_of_site.BASE_DIR / "static/vendor/emoji/en.json").read_text())["emoji"]
    spellings = [spelling for row in offered for spelling in (row[0], *"".join(row[6:]).split())]
    assert len(spellings) > 3_000
    assert [spelling for spelling in spellings if canonical(spelling) != spelling] == []
