"""Names as they are looked for: the same pairs as the page's own folding is tried with (tests/js/name_match.test.mjs)."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.names import fold
from accounts.names.folding import MAX_CACHED_FOLDS, Folds
from tests.support import ROOT

ALIKE = json.loads((ROOT / "tests" / "js" / "alike.json").read_text())


@pytest.mark.parametrize(("one", "other"), ALIKE["same"])
def test_one_is_found_by_the_other(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), ALIKE["other"])
def test_one_is_not_found_by_the_other(one, other):
    assert fold(other) not in fold(one)


@given(st.text(max_size=40))
def test_what_is_folded_stays_as_it_is(text):
    assert fold(fold(text)) == fold(text)
    assert len(fold(text)) <= 18 * len(text)


def test_what_is_remembered_of_characters_has_a_bound():
    folds = Folds()
    for code in range(MAX_CACHED_FOLDS + 100):
        assert folds[code] is not None
    assert len(folds) == MAX_CACHED_FOLDS
    assert folds[sys.maxunicode] == chr(sys.maxunicode)
