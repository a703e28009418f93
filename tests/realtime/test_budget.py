"""Who spends more than their share waits, and nobody else does."""

import pytest

from chatsite.realtime import budget
from chatsite.realtime.budget import Budget


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(budget, "monotonic", lambda: now[0])
    return now


def test_a_burst_is_free_and_what_goes_beyond_is_waited_for(clock):
    spent = Budget(share=0.25, burst=1.0)
    spent.charge(1, 1.0)
    assert spent.wait(1) == 0
    spent.charge(1, 0.5)
    assert spent.wait(1) == pytest.approx(2.0)
    assert spent.wait(2) == 0


def test_what_was_spent_is_paid_off_at_the_share(clock):
    spent = Budget(share=0.25, burst=1.0)
    spent.charge(1, 1.5)
    clock[0] += 2.0
    assert spent.wait(1) == pytest.approx(0.0)
    spent.charge(1, 0.25)
    assert spent.wait(1) == pytest.approx(1.0)


def test_no_share_is_no_limit(clock):
    spent = Budget(share=0, burst=1.0)
    spent.charge(1, 1000.0)
    assert spent.wait(1) == 0


def test_payers_who_owe_nothing_are_forgotten(clock, monkeypatch):
    monkeypatch.setattr(budget, "REMEMBERED", 10)
    spent = Budget(share=0.25, burst=1.0)
    spent.charge("debtor", 100.0)
    for payer in range(100):
        spent.charge(payer, 0.001)
        clock[0] += 1.0
    assert len(spent._until) <= 21
    assert spent.wait("debtor") > 0
