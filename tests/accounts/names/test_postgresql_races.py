"""Two who take names that look alike at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from accounts import services
from accounts.models import LOOKS_LIKE_ANOTHER, NameSkeleton, SiteSettings, User
from chatsite.contract.errors import Invalid
from tests.support.servers.postgres_locks import until_waiting

pytestmark = pytest.mark.django_db(transaction=True)


def sign_up(username):
    try:
        services.sign_up(username=username, password="correct horse battery")
    except Invalid as error:
        return error.fields
    finally:
        connection.close()


@pytest.mark.parametrize("undone", [False, True])
def test_the_later_waits_for_the_first(undone):
    """And is refused, but where the first is undone."""
    SiteSettings.load()
    SiteSettings.objects.update(sign_up="open")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            User.objects.create_user("bo.b", password="x")
            later = pool.submit(sign_up, "b0b")
            until_waiting(later.done)
            assert not later.done()
            transaction.set_rollback(undone)
        assert later.result(60) == (None if undone else {"username": [LOOKS_LIKE_ANOTHER]})
    (user,) = User.objects.all()
    assert user.username == ("b0b" if undone else "bo.b")
    assert NameSkeleton.objects.get().skeleton == "bob"
