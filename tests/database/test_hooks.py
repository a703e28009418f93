"""What fails after a commit keeps nothing else from being done, and is no error of what was stored."""

import logging
from functools import partial

import pytest
from django.db import transaction

pytestmark = pytest.mark.django_db(transaction=True)


def fail(why):
    raise ValueError(why)


class Nameless:
    def __call__(self, why):
        fail(why)


@pytest.mark.parametrize(
    "hook", [lambda: fail("because"), partial(fail, "because"), partial(Nameless(), "because")]
)
def test_a_hook_that_fails_is_logged_and_the_others_run(hook, caplog):
    done = []
    with caplog.at_level(logging.ERROR), transaction.atomic():
        transaction.on_commit(hook, robust=True)
        transaction.on_commit(partial(done.append, "next"), robust=True)
    assert done == ["next"]
    assert "because" in caplog.text
    assert "Error calling" in caplog.text
