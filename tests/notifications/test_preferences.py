"""Keywords and schedules, without a database."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from chatsite.contract.errors import Invalid
from notifications import keywords, schedule

FOUND = [
    ("lathe", "The Lathe is free"), ("LATHE", "lathe"), ("lathe", "(lathe)"), ("lathe", "lathe."), ("lathe", "a-lathe-b"),
    ("straße", "In der STRASSE"), ("İstanbul", "istanbul'da i̇stanbul"), ("čaj", "Čaj?"), ("мастерская", "В МАСТЕРСКАЯ!"),
    ("σοφος", "ΣΟΦΟΣ"), ("مشغل", "في مشغل الخشب"), ("סדנה", "יש סדנה היום"), ("旋盤", "今日旋盤を使う"),
    ("เครื่อง", "ใช้เครื่องกลึง"), ("C++", "we use C++ here"), (".net", "on .net"), ("3d print", "3D   print"),
    ("ａｄａ", "ada"), ("é", "e\u0301"), ("#12", "see #12"),
]  # fmt: skip
MISSED = [
    ("lathe", "lathes"), ("lathe", "blathe"), ("lathe", "lathe_1"), ("lathe", "lathe2"), ("cat", "concatenate"),
    ("#12", "see #123"), ("мир", "мирный"), ("e", "e\u0301"), ("שלום", "השלום"),
]  # fmt: skip


def found(word, text):
    text = " ".join(text.split())
    return keywords.first_in(keywords.fold(text), [keywords.fold(word)])


@pytest.mark.parametrize(("word", "text"), FOUND)
def test_a_word_is_found(word, text):
    assert found(word, text)


@pytest.mark.parametrize(("word", "text"), MISSED)
def test_a_part_of_a_word_is_not(word, text):
    assert not found(word, text)


def test_keywords_are_tidied_and_bounded():
    assert keywords.tidied(["  Lathe ", "lathe", "", "3D\n print"]) == ["Lathe", "3D print"]
    for bad in (["x" * 51], [f"w{n}" for n in range(51)], ["!!"]):
        with pytest.raises(Invalid) as refused:
            keywords.tidied(bad)
        assert list(refused.value.fields) == ["keywords"]


OFFICE = [{"day": day, "from": "09:00", "to": "18:00"} for day in schedule.DAYS[:5]]
NIGHT = [{"day": "friday", "from": "22:00", "to": "02:00"}]
WHOLE = [{"day": "sunday", "from": "00:00", "to": "00:00"}]


@pytest.mark.parametrize(
    ("hours", "at", "off"),
    [
        # 2026-11-27 is a Friday.
        (OFFICE, "2026-11-27 09:00", False), (OFFICE, "2026-11-27 17:59", False), (OFFICE, "2026-11-27 18:00", True),
        (OFFICE, "2026-11-27 08:59", True), (OFFICE, "2026-11-28 12:00", True), ([], "2026-11-28 03:00", False),
        (NIGHT, "2026-11-27 23:00", False), (NIGHT, "2026-11-28 01:59", False), (NIGHT, "2026-11-28 02:00", True),
        (NIGHT, "2026-11-27 01:00", True), (WHOLE, "2026-11-29 00:00", False), (WHOLE, "2026-11-29 23:59", False),
        (WHOLE, "2026-11-30 00:00", True), (WHOLE, "2026-11-28 23:59", True),
        # The hour that is there twice, and the one that isn't there, by the clock on the wall.
        ([{"day": "sunday", "from": "02:00", "to": "03:00"}], "2026-10-25 02:30", False),
        ([{"day": "sunday", "from": "02:00", "to": "03:00"}], "2026-03-29 03:00", True),
    ],
)  # fmt: skip
def test_hours_are_by_the_persons_clock(hours, at, off):
    zone = "Europe/Amsterdam"
    now = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert schedule.off_hours(hours, zone, now) is off


def test_a_zone_that_is_gone_is_utc():
    assert schedule.off_hours(OFFICE, "Mars/Olympus", datetime(2026, 11, 27, 12, tzinfo=UTC)) is False


@pytest.mark.parametrize(
    "hours",
    [
        [{"day": "someday", "from": "09:00", "to": "18:00"}],
        [{"day": "monday", "from": "9:00", "to": "18:00"}],
        [{"day": "monday", "from": "24:00", "to": "18:00"}],
        [{"day": "monday", "from": "09:00", "to": "18:60"}],
        OFFICE + OFFICE[:1],
    ],
)
def test_a_bad_schedule_is_refused(hours):
    with pytest.raises(Invalid) as refused:
        schedule.checked(hours)
    assert list(refused.value.fields) == ["schedule"]
