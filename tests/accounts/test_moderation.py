import pytest

from accounts import services
from accounts.authentication.api_tokens import token_for
from accounts.models import User
from chatsite.contract.errors import Conflict, Forbidden

pytestmark = pytest.mark.django_db
ACTS = [services.deactivate, services.reactivate, services.ban, services.unban, services.end_everything]


@pytest.mark.parametrize(
    ("act", "code"),
    [(services.deactivate, "deactivated"), (services.ban, "banned"), (services.end_everything, "logged_out")],
)
def test_all_of_a_persons_sockets_are_cut_with_the_reason(owner, member, live, committed, act, code):
    mine, anothers = [live(owner), live(owner, session_key="other"), live(owner, token_id=1)], live(member)
    with committed():
        act(owner)
    for connection in mine:
        assert f'["session-ended",{{"code":"{code}"}}]' in connection.channel.text
        assert connection.channel.closed
    assert (anothers.closed, anothers.channel.frames) == (False, [])


@pytest.mark.parametrize(
    ("act", "undo"), [(services.deactivate, services.reactivate), (services.ban, services.unban)]
)
def test_a_token_is_good_again_with_its_person_and_is_gone_with_all_of_them(owner, act, undo):
    _, secret = services.make_token(owner, "bot")
    act(owner)
    assert token_for(secret) is None
    undo(owner)
    assert token_for(secret).user == owner
    services.end_everything(owner)
    assert token_for(secret) is None


def test_nothing_is_cut_before_the_commit(owner, live):
    connection = live(owner)
    services.ban(owner)
    assert not connection.closed


@pytest.mark.parametrize("act", ACTS)
def test_moderators_look_after_people_and_not_after_each_other(owner, moderator, administrator, act):
    act(owner, by=moderator)
    for user in (moderator, administrator):
        with pytest.raises(Forbidden):
            act(user, by=moderator)


@pytest.mark.parametrize("act", ACTS)
def test_people_do_it_to_nobody(owner, member, act):
    for user in (owner, member):
        with pytest.raises(Forbidden):
            act(user, by=owner)


def test_who_was_a_moderator_is_none_while_banned(owner, moderator):
    services.ban(moderator)
    with pytest.raises(Forbidden):
        services.ban(owner, by=moderator)


@pytest.mark.parametrize("act", [services.deactivate, services.ban])
def test_the_last_administrator_stays(administrator, act):
    with pytest.raises(Conflict):
        act(administrator)
    with pytest.raises(Conflict):
        services.set_rank(administrator, is_staff=True, is_superuser=False)
    second = User.objects.create_superuser("second", password="x")
    act(administrator, by=second)
    with pytest.raises(Conflict):
        act(second)


def test_ranks_are_administrators_to_give(owner, moderator, administrator):
    with pytest.raises(Forbidden):
        services.set_rank(owner, is_staff=True, is_superuser=False, by=moderator)
    services.set_rank(owner, is_staff=False, is_superuser=True, by=administrator)
    owner.refresh_from_db()
    assert (owner.is_staff, owner.is_superuser) == (True, True)


def test_coming_back(owner):
    services.ban(owner)
    services.deactivate(owner)
    services.unban(owner)
    assert not owner.is_present
    services.reactivate(owner)
    assert User.objects.present().get() == owner
