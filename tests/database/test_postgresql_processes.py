"""For whom nobody waits who takes a right away."""

import pytest

from chatsite.realtime.cluster.models import Process
from chatsite.realtime.cluster.revocation_barrier import RevocationBarrier, transaction_number

pytestmark = pytest.mark.django_db


def test_who_comes_forgets_those_of_a_backup_from_another_cluster():
    """A look whose number isn't reached yet was none of this cluster's, and would count as made after everything."""
    now = transaction_number()
    for name, looked in (("restored", now + 1_000_000), ("living", now)):
        Process.objects.create(name=name, host="another", pid=1, looked=looked)
    RevocationBarrier("me").enter()
    assert set(Process.objects.values_list("name", flat=True)) == {"living", "me"}
