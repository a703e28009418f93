"""A direct room has the same name in a page as in a row that the page's scripts add (tests/js/sidebar_name.test.mjs)."""

import json

import pytest

from rooms.templatetags.sidebar import sidebar_name
from tests.support import ROOT

CASES = json.loads((ROOT / "tests" / "js" / "sidebar_names.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["shown"])
def test_a_direct_room_s_name_in_the_sidebar(case):
    people = [{"username": username, "display_name": name} for username, name in case["people"]]
    assert sidebar_name({"name": case["name"], "people": people}, set(case["alike"])) == case["shown"]
