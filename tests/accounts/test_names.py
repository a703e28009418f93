import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.names import COLORS, USERNAME, color, initials, tidy, validate_display_name, validate_username


@pytest.mark.parametrize("name", ["abc", "A.b-c_9", "...", "0" * 32])
def test_usernames_that_may_be(name):
    validate_username(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "a" * 33,
        "a b c",
        "abc\n",
        "\nabc",
        "ab\0c",
        "ａｄａ",
        "аda",
        "adа",
        "İstanbul",
        "ılgaz",
        "a/bc",
        "@ada",
        "Invite",
        "everyone",
    ],
)
def test_usernames_that_may_not_be(name):
    with pytest.raises(ValidationError):
        validate_username(name)


@given(st.text(max_size=40))
def test_a_valid_username_is_ascii_and_its_case_folds_one_way(name):
    try:
        validate_username(name)
    except ValidationError:
        return
    assert USERNAME.fullmatch(name)
    assert name.isascii()
    assert name.lower() == name.casefold() == name.upper().lower()


@pytest.mark.parametrize("name", ["Ada Lovelace", "山田　太郎", "José", "d'Arc", "😀 Bo", ""])
def test_display_names_that_may_be(name):
    validate_display_name(name)


@pytest.mark.parametrize(
    "character",
    [
        "\0",
        "\n",
        "\t",
        "\x7f",
        "\u200b",
        "\u200e",
        "\u202e",
        "\u2066",
        "\u2028",
        "\ufeff",
        "\ue000",
        "\u3164",
        "\u2800",
        "\u00ad",
        "\u115f",
    ],
)
def test_display_names_with_what_cannot_be_seen_are_refused(character):
    with pytest.raises(ValidationError):
        validate_display_name(f"A{character}da")


def test_a_display_name_is_written_one_way():
    assert tidy("  Ada \u00a0 Love\u3000lace ") == "Ada Love lace"
    assert tidy("Jose\u0301") == "José"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Lovelace", "AL"),
        ("ada", "AD"),
        ("x", "X"),
        ("a.b-c", "AC"),
        ("", "?"),
        ("😀", "?"),
        ("ßa ßb", "SS"),
        ("Ada Maria King", "AK"),
        ("...", "?"),
    ],
)
def test_initials(name, letters):
    assert initials(name) == letters


@given(st.text(max_size=64))
def test_initials_are_one_or_two_characters(name):
    assert 1 <= len(initials(name)) <= 2


@given(st.from_regex(USERNAME, fullmatch=True))
def test_a_color_is_of_the_palette_and_does_not_depend_on_case(name):
    assert 0 <= color(name) < COLORS
    assert color(name) == color(name.upper())
