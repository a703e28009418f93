import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError

from accounts import signup_hooks
from accounts.models import User

pytestmark = pytest.mark.django_db


def test_a_username_is_found_in_any_case(owner):
    assert User.objects.by_username("OwNeR") == User.objects.get_by_natural_key("OWNER") == owner


@pytest.mark.parametrize("name", ["ｏｗｎｅｒ", "owner\n", "owner\0", "", "o%ner", "o_ner"])
def test_what_only_looks_like_a_username_finds_nobody(owner, name):
    with pytest.raises(User.DoesNotExist):
        User.objects.by_username(name)


@pytest.mark.parametrize(
    ("stored", "asked"), [("kim", "\u212aim"), ("isa", "İsa"), ("isa", "ısa"), ("sam", "ſam")]
)
def test_letters_that_fold_to_another_find_nobody(make_person, stored, asked):
    make_person(stored)
    with pytest.raises(User.DoesNotExist):
        User.objects.by_username(asked)


def test_the_database_keeps_usernames_unique_in_any_case(owner):
    with pytest.raises(IntegrityError):
        User.objects.create_user("OWNER", password="x")


def test_create_user_refuses_what_no_username_may_be(db):
    with pytest.raises(ValidationError):
        User.objects.create_user("a b", password="x")


def test_createsuperuser_refuses_a_name_that_is_taken_in_another_case(owner, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse battery")
    with pytest.raises(Exception, match=r"(?i)taken|unique"):
        call_command("createsuperuser", "--noinput", username="OWNER")
    assert User.objects.count() == 1


def test_an_account_whose_welcome_fails_does_not_stay(db, monkeypatch):
    def fails(user):
        raise RuntimeError

    monkeypatch.setattr(signup_hooks, "on_arrival", [fails])
    with pytest.raises(RuntimeError):
        User.objects.create_user("ada", password="x")
    assert not User.objects.exists()


def test_a_session_hash_changes_with_the_password_and_the_session_version(owner):
    first = owner.get_session_auth_hash()
    owner.session_version += 1
    second = owner.get_session_auth_hash()
    owner.set_password("another one")
    assert len({first, second, owner.get_session_auth_hash()}) == 3
