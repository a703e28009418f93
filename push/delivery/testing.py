"""The test of a device: one push, sent while the person waits."""

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from chatsite.contract.times import iso
from push.delivery.answers import Outcome
from push.delivery.queue import sender
from push.devices import services as devices
from push.payloads import sample_text


def test(user: User, pk: int) -> Outcome:
    """Push to one of the person's devices now; return what became of it. Raises NotFound, RateLimited and Unavailable."""
    device = devices.device(user, pk)
    devices.spend_test(user)
    return sender.test(device, sample_text(device, reverse("push_devices"), str(iso(timezone.now()))))
