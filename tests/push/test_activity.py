"""Who is active on a page, here and in other processes."""

import pytest

from accounts.presence import activity
from chatsite.contract.errors import RateLimited
from push.serializers import ActiveSerializer

PERSON = 5


@pytest.fixture(autouse=True)
def gone(monkeypatch):
    """Nobody is active; people who went are noted."""
    found = []
    for name in ("here", "elsewhere"):
        monkeypatch.setattr(activity, name, {})
    monkeypatch.setattr(activity, "on_gone", [found.append])
    return found


def page(sid, user_id=PERSON):
    identity = type("Identity", (), {"user_id": user_id})
    return type("Connection", (), {"identity": identity, "sid": sid})


def test_a_person_is_active_for_two_minutes_after_the_last_input(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(activity, "monotonic", lambda: now[0])
    activity.report(page("one"), active=True)
    assert activity.active_for(PERSON) == 120
    assert activity.active_for(PERSON + 1) == 0
    now[0] += 119
    assert activity.active_for(PERSON) == 1
    now[0] += 2
    assert activity.active_for(PERSON) == 0
    activity.sweep()
    assert activity.here == {}


def test_a_page_reports_only_so_often(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(activity, "monotonic", lambda: now[0])
    activity.report(page("one"), active=True)
    now[0] += 19
    with pytest.raises(RateLimited) as refused:
        activity.report(page("one"), active=True)
    assert refused.value.retry_after == pytest.approx(1)
    now[0] += 1
    activity.report(page("one"), active=True)
    assert activity.active_for(PERSON) == 120


def test_who_leaves_the_last_page_is_gone_and_who_leaves_another_isnt(gone):
    one, other = page("one"), page("other")
    activity.report(one, active=True)
    activity.report(other, active=True)
    activity.forget(one)
    assert gone == []
    activity.report(other, active=False)
    assert gone == [PERSON]
    # A page that was never used tells nothing by going.
    activity.forget(page("third"))
    assert gone == [PERSON]


def test_another_process_tells_for_how_long(gone, monkeypatch):
    monkeypatch.setattr(activity, "monotonic", lambda: 1000.0)
    activity.hear("elsewhere:1", PERSON, 50.0)
    assert activity.active_for(PERSON) == 50
    activity.report(page("one"), active=True)
    activity.forget(page("one"))
    assert gone == []
    activity.hear("elsewhere:1", PERSON, 0.0)
    assert activity.active_for(PERSON) == 0
    activity.hear("elsewhere:1", PERSON, 1e9)
    assert activity.active_for(PERSON) <= 120


@pytest.mark.parametrize(
    "data", [{}, {"active": 1}, {"active": "true"}, {"active": None}, {"active": True, "x": 1}]
)
def test_what_isnt_true_or_false_is_refused(data):
    from rest_framework.exceptions import ValidationError

    with pytest.raises(ValidationError):
        ActiveSerializer().checked(data)
