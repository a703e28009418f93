"""The page's own layout has logical properties alone, so that it can be read from either side."""

import re

import pytest

from tests.support import ROOT

SHEETS = sorted((ROOT / "static" / "css").rglob("*.css"))
SIDES = re.compile(
    r"(?:(?:padding|margin|border|inset|scroll-margin|scroll-padding)-)?(?:left|right)(?:-\w+)?"
    r"|border-(?:top|bottom)-(?:left|right)-radius"
)
ASIDE = re.compile(r"\b(?:left|right)\b")
# A transform and a shadow have no logical form: the sign of the page's direction stands in for it.
SIGNED = {"transform", "box-shadow"}


def declarations(sheet: str):
    text = re.sub(r"/\*.*?\*/", "", sheet, flags=re.S)
    for block in re.findall(r"\{([^{}]*)\}", text):
        for declaration in block.split(";"):
            name, colon, value = declaration.partition(":")
            if colon:
                yield name.strip(), " ".join(value.split())


def parts(value: str) -> list[str]:
    """What is between spaces, of which those in brackets are none."""
    return re.findall(r"(?:[^\s()]|\([^()]*(?:\([^()]*\)[^()]*)*\))+", value)


def is_physical(name: str, value: str) -> bool:
    if SIDES.fullmatch(name):
        return True
    if name in ("text-align", "float", "clear") and ASIDE.search(value):
        return True
    if name in ("padding", "margin", "inset", "border-width") and len(four := parts(value)) == 4:
        return four[1] != four[3]
    if name in SIGNED and ("translateX" in value or value.startswith("inset")):
        return "--onward" not in value
    return False


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_no_sheet_speaks_of_left_and_right(sheet):
    assert [pair for pair in declarations(sheet.read_text()) if is_physical(*pair)] == []


@pytest.mark.parametrize(
    ("name", "value", "physical"),
    [
        ("padding-left", "1px", True),
        ("border-right-color", "red", True),
        ("left", "0", True),
        ("text-align", "right", True),
        ("padding", "1px 2px 3px 4px", True),
        ("transform", "translateX(-100%)", True),
        ("padding", "1px 2px calc(1px + var(--s1)) 2px", False),
        ("padding-inline-start", "1px", False),
        ("transform", "translateX(calc(100% * var(--onward)))", False),
    ],
)
def test_what_is_taken_for_such(name, value, physical):
    assert is_physical(name, value) is physical
