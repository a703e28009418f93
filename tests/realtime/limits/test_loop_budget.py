"""Who spends more than their share waits, and nobody else does."""

import pytest

from chatsite.realtime.delivery import peers
from chatsite.realtime.limits import event_costs
from chatsite.realtime.limits.event_costs import Budget
from chatsite.realtime.limits.request_rates import RequestRate


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(event_costs, "monotonic", lambda: now[0])
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
    monkeypatch.setattr(event_costs, "REMEMBERED_PAYERS", 10)
    spent = Budget(share=0.25, burst=1.0)
    spent.charge("debtor", 100.0)
    for payer in range(100):
        spent.charge(payer, 0.001)
        clock[0] += 1.0
    assert len(spent._until) <= 21
    assert spent.wait("debtor") > 0


class Wire(peers.Peers):
    """What is told is heard at once."""

    there = True

    def notify(self, word, *parts):
        assert peers.dispatch(word, list(parts))


@pytest.fixture
def wire(monkeypatch):
    monkeypatch.setattr(peers, "site", Wire())


@pytest.mark.parametrize("payer", [1, "192.0.2.1"])
def test_what_is_spent_in_one_process_is_spent_in_all(wire, payer):
    here, there = (Budget(0.25, 1.0, "test") for _ in range(2))
    for _ in range(300):
        here.charge(payer, 0.005)
    assert there.wait(payer) == pytest.approx(here.wait(payer), abs=0.3)
    assert there.wait(payer) > 1.5
    assert there.wait(2) == 0


def test_little_is_not_worth_a_word(wire):
    here, there = (Budget(0.25, 0.0, "test") for _ in range(2))
    here.charge(1, 0.04)
    assert there.wait(1) == 0
    here.charge(("health", "192.0.2.1"), 1.0)
    assert there.wait(("health", "192.0.2.1")) == 0


def test_without_other_processes_none_hears(monkeypatch):
    here, there = (Budget(0.25, 0.0, "test") for _ in range(2))
    here.charge(1, 1.0)
    assert there.wait(1) == 0


def test_what_is_asked_of_one_process_is_asked_of_all(wire):
    here, there = (RequestRate("60/min", "test") for _ in range(2))
    assert [here.wait("192.0.2.1") for _ in range(60)] == [0.0] * 60
    assert there.wait("192.0.2.1") > 0
