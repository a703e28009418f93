"""Several processes at one thing at once, each with a connection of its own."""

import pytest

from push.devices import services as devices
from push.devices import vapid
from push.devices.services import Credential
from push.models import Kind, PushNotice, PushSubscription, VapidKey
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_processes_that_start_at_once_make_one_key(db):
    found = []
    assert at_once(*[lambda: found.append(vapid.key()) for _ in range(6)]) == []
    assert len(set(found)) == 1
    assert VapidKey.objects.count() == 1


def test_a_device_that_is_added_twice_at_once_is_one(member, add, service):
    row, _ = add(member)
    device = service.device()
    credential = Credential(session=row.session)
    failed = at_once(
        *[lambda: devices.add(member, credential, name="Firefox", **device.fields) for _ in range(4)]
    )
    assert failed == []
    assert [each.endpoint for each in PushSubscription.objects.all()] == [device.endpoint]


def test_processes_take_different_pushes(member, add, say, sender):
    for _ in range(4):
        add(member)
    say(to=[member], kind=Kind.DIRECT)
    taken = []
    claim = lambda: taken.extend(row.pk for row in sender._claim(sender._lanes[1]))  # noqa: E731
    assert at_once(*[claim] * 4) == []
    assert len(taken) == len(set(taken)) == PushNotice.objects.count()
