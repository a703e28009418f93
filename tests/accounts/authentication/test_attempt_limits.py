import pytest
import time_machine
from django.test import RequestFactory

from accounts.authentication import attempt_limits
from chatsite.contract.errors import RateLimited
from chatsite.observability.addresses import client_address

NOW = 1_000_000_200  # the start of a window


def test_the_attempt_after_the_limit_is_refused_until_the_window_ends():
    with time_machine.travel(NOW + 100, tick=False):
        for _ in range(3):
            attempt_limits.attempt("x", "ada", 3)
        with pytest.raises(RateLimited) as refused:
            attempt_limits.attempt("x", "ada", 3)
    assert refused.value.retry_after == 200
    with time_machine.travel(NOW + 301, tick=False):
        attempt_limits.attempt("x", "ada", 3)


def test_one_does_not_spend_anothers_attempts():
    attempt_limits.attempt("x", "ada", 1)
    attempt_limits.attempt("x", "bo", 1)
    attempt_limits.attempt("y", "ada", 1)


def test_what_succeeded_counts_no_more():
    for _ in range(10):
        attempt_limits.attempt("x", "ada", 1)
        attempt_limits.refund("x", "ada")


@pytest.mark.usefixtures("one_window")
def test_many_other_keys_do_not_push_a_counter_out():
    attempt_limits.attempt("x", "ada", 1)
    for n in range(1000):
        attempt_limits.attempt("x", f"other{n}", 1)
    with pytest.raises(RateLimited):
        attempt_limits.attempt("x", "ada", 1)


def address(**meta):
    return client_address(RequestFactory().get("/", **meta).META)


def test_the_address_is_the_peers_unless_a_proxy_is_trusted(settings):
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1, 203.0.113.9"}
    settings.TRUST_PROXY = False
    assert address(**meta) == "10.0.0.1"
    settings.TRUST_PROXY = True
    assert address(**meta) == "203.0.113.9"
    assert address(REMOTE_ADDR="10.0.0.1") == "10.0.0.1"


def test_an_ipv6_network_counts_as_one_and_a_mapped_address_as_itself():
    assert (
        address(REMOTE_ADDR="2001:db8:1:2:3::4")
        == address(REMOTE_ADDR="2001:db8:1:2::ffff")
        == "2001:db8:1:2::/64"
    )
    assert address(REMOTE_ADDR="::ffff:192.0.2.1") == "192.0.2.1"
    assert address(REMOTE_ADDR="") == ""
