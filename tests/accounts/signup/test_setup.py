import pytest
import time_machine
from django.core.management import call_command
from django.urls import reverse

from accounts import services
from accounts.models import SiteSettings, User
from accounts.services import setup
from chatsite.contract.errors import Conflict
from tests.support.clients.cast import PASSWORD

pytestmark = pytest.mark.django_db

DATA = {"site_name": "The Hut", "username": "ada", "display_name": "Ada", "password": PASSWORD}


def test_the_link_makes_the_first_administrator_once(client, db):
    link = services.setup_link()
    assert client.get(link).status_code == 200
    assert client.post(link, DATA).url == "/"
    user = User.objects.get()
    assert (user.is_superuser, user.is_staff, user.name) == (True, True, "Ada")
    assert SiteSettings.load().name == "The Hut"
    assert client.get("/profile").context["user"] == user
    assert services.setup_link() is None
    for again in (client.get(link), client.post(link, {**DATA, "username": "eve"})):
        assert again.status_code == 404
    assert User.objects.count() == 1


@pytest.mark.parametrize("token", ["x", "x:y:z", "é", "a" * 1000, "%00", "ImZpcnN0IGFkbWluaXN0cmF0b3Ii:1:x"])
def test_another_token_does_nothing(client, db, token):
    assert client.post(reverse("setup", args=["T"]).replace("T", token), DATA).status_code == 404
    assert not User.objects.exists()


def test_a_link_runs_out(client, db):
    with time_machine.travel("2026-01-01T00:00:00Z"):
        link = services.setup_link()
    with time_machine.travel("2026-01-09T00:00:00Z"):
        assert client.get(link).status_code == 404


def test_two_who_open_it_at_once_are_one_administrator(db, monkeypatch):
    token = services.setup_link().rpartition("/")[2]
    new_user = setup.new_user

    def slow(*args, **kwargs):
        User.objects.create_superuser("first", password="x")
        return new_user(*args, **kwargs)

    monkeypatch.setattr(setup, "new_user", slow)
    with pytest.raises(Conflict):
        services.set_up(token, **DATA)
    assert User.objects.get().username == "first"


def test_the_command_prints_the_link_only_while_there_is_nobody(db, capsys, client, make_person):
    call_command("setup_link", base="http://127.0.0.1:9/")
    printed = capsys.readouterr().out
    assert printed.startswith("http://127.0.0.1:9/setup/")
    assert client.get(printed.strip().removeprefix("http://127.0.0.1:9")).status_code == 200
    make_person("ada")
    call_command("setup_link")
    assert capsys.readouterr().out == ""
