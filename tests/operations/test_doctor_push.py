"""What the doctor says of web push."""

import pytest

from accounts.models import UserSession
from chatsite.operations.doctor.push import push
from push.devices import vapid
from push.models import PushSubscription, VapidKey

pytestmark = pytest.mark.django_db


@pytest.fixture
def device(member):
    session = UserSession.objects.create(user=member, key="a" * 32)
    vapid.key()
    return PushSubscription.objects.create(
        user=member, session=session, endpoint="https://a.example/", name="A phone"
    )


def test_a_site_that_never_started_has_no_key_yet():
    [finding] = push()
    assert (finding.level, finding.sentence) == ("ok", "No key yet: ./run makes it.")


def test_a_key_that_is_missing_is_wrong(device):
    VapidKey.objects.all().delete()
    [finding] = push()
    assert finding.level == "wrong"
    assert "1 devices can't be told" in finding.sentence
    assert "backup" in finding.advice


def test_a_process_sends_and_refuses_this_machine(device):
    [finding] = push()
    assert finding.level == "ok", finding
