"""Devices by REST and by the page: who may do what, and when a device ends."""

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts import services as accounts
from accounts.models import SiteSettings
from accounts.services import sessions
from chatsite.contract.errors import Unavailable
from push.devices import services as devices
from push.devices import vapid
from push.devices.agents import name_of
from push.models import PushSubscription, VapidKey
from push.tags import tag_of

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0"


@pytest.fixture
def mine(sender, logged_in, member):
    mine = logged_in(member)
    mine.post = lambda path, data=None, post=mine.post: post(
        path, data, content_type="application/json", headers={"user-agent": FIREFOX}
    )
    return mine


def test_a_device_is_added_listed_tested_and_removed(mine, service):
    device = service.device()
    answer = mine.post("/push", device.fields)
    assert answer.status_code == 201
    one = answer.json()
    assert (one["name"], one["host"], one["current"]) == ("Firefox on Android", "127.0.0.1", True)
    assert (one["last_success"], one["last_error"], one["content"]) == (None, None, True)
    # Nobody reads endpoints and keys again: whoever has them can push.
    assert set(one).isdisjoint(device.fields)
    assert mine.post("/push", device.fields).status_code == 200
    assert [each["id"] for each in mine.get("/push").json()["results"]] == [one["id"]]
    assert mine.get(f"/push/{one['id']}").json() == one
    assert mine.post(f"/push/{one['id']}/test").json() == {"sent": True, "detail": ""}
    assert device.texts[0]["title"] == "Notifications work"
    assert mine.get(f"/push/{one['id']}").json()["last_success"]
    changed = mine.patch(f"/push/{one['id']}", {"content": False}, content_type="application/json")
    assert changed.json()["content"] is False
    # A page that says again that it is there changes no choice.
    assert mine.post("/push", device.fields).json()["content"] is False
    assert mine.delete(f"/push/{one['id']}").status_code == 204
    assert mine.get("/push").json()["results"] == []


def test_a_test_says_what_the_push_service_said(mine, service):
    device = service.device(answers=[(500, {}), (410, {})])
    path = f"/push/{mine.post('/push', device.fields).json()['id']}/test"
    said = {"sent": False, "detail": "The push service answered 500."}
    assert mine.post(path).json() == said
    assert mine.get("/push").json()["results"][0]["last_error"]["detail"] == said["detail"]
    assert mine.post(path).json()["detail"] == "The push service answered 410."
    assert mine.post(path).status_code == 404


def test_others_devices_are_nobodys_business(mine, logged_in, owner, service):
    pk = mine.post("/push", service.device().fields).json()["id"]
    other = logged_in(owner)
    assert other.get("/push").json()["results"] == []
    for answer in (
        other.get(f"/push/{pk}"),
        other.delete(f"/push/{pk}"),
        other.post(f"/push/{pk}/test"),
        other.patch(f"/push/{pk}", {"content": False}, content_type="application/json"),
        other.post(reverse("push_remove", args=[pk])),
        other.post(reverse("push_test", args=[pk])),
    ):
        assert answer.status_code == 404
    assert Client().get("/push").status_code == Client().get("/push/key").status_code == 401
    assert PushSubscription.objects.filter(pk=pk).exists()


def test_endpoints_that_are_none(mine, service):
    fields = service.device().fields
    for endpoint in (
        *("http://push.example/1", "ftp://push.example/1", "push.example", "https://", "", 5, None),
        *(
            "https://user@push.example/1",
            "https://push.example/" + "x" * 1000,
            "\0",
            "\ud800",
            "https://push.example/a\nb",
        ),
    ):
        answer = mine.post("/push", {**fields, "endpoint": endpoint})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
        assert list(answer.json()["fields"]) == ["endpoint"]
    for name, values in {
        "p256dh": ["", "x", fields["p256dh"][:-1], "A" * 87, fields["p256dh"][:-4] + "AAAA", "é" * 87, 5],
        "auth": ["", "x", "A" * 21, "A" * 24, None],
    }.items():
        for value in values:
            answer = mine.post("/push", {**fields, name: value})
            assert (answer.status_code, list(answer.json()["fields"])) == (400, [name]), value
    assert mine.post("/push", {**fields, "odd": 1}).status_code == 400
    assert not PushSubscription.objects.exists()


def test_addresses_that_arent_public_are_refused_when_they_are_connected_to(mine, service, settings):
    settings.PUSH_TEST_NETWORKS = ["203.0.113.0/24"]
    for endpoint in ("https://127.0.0.1/1", "https://[::ffff:10.0.0.1]/1", "https://169.254.169.254/1"):
        fields = {**service.device().fields, "endpoint": endpoint}
        pk = mine.post("/push", fields).json()["id"]
        answer = mine.post(f"/push/{pk}/test").json()
        assert answer == {"sent": False, "detail": "Its address isn't public."}


def test_the_site_itself_is_no_push_service(mine, service, settings):
    settings.PUSH_TEST_NETWORKS, settings.ALLOWED_HOSTS = [], ["testserver", "chat.example"]
    answer = mine.post("/push", {**service.device().fields, "endpoint": "https://chat.example/push"})
    assert answer.status_code == 400


def test_redirects_arent_followed(mine, service):
    elsewhere = service.device()
    device = service.device(answers=[(307, {"Location": elsewhere.endpoint})])
    pk = mine.post("/push", device.fields).json()["id"]
    assert mine.post(f"/push/{pk}/test").json()["detail"] == "The push service answered 307."
    assert elsewhere.pushes == []


def test_a_person_has_so_many_devices(member, add, monkeypatch, service, mine):
    monkeypatch.setattr(devices, "MAX_DEVICES", 2)
    add(member)
    add(member)
    answer = mine.post("/push", service.device().fields)
    assert (answer.status_code, answer.json()["code"]) == (403, "quota_exceeded")


def test_a_browser_has_one_endpoint_at_a_time(mine, service):
    old, new = service.device(), service.device()
    mine.post("/push", old.fields)
    mine.post("/push", new.fields)
    [row] = PushSubscription.objects.all()
    assert row.endpoint == new.endpoint


def test_another_person_in_the_same_browser_takes_the_endpoint_over(mine, logged_in, owner, service):
    device = service.device()
    mine.post("/push", device.fields)
    other = logged_in(owner)
    assert other.post("/push", device.fields, content_type="application/json").status_code == 201
    [row] = PushSubscription.objects.all()
    assert row.user == owner


def test_who_knows_an_endpoint_alone_takes_nothing(mine, logged_in, owner, member, service):
    device = service.device()
    mine.post("/push", device.fields)
    fields = {**service.device(secret=bytes(16)).fields, "endpoint": device.endpoint}
    answer = logged_in(owner).post("/push", fields, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    [row] = PushSubscription.objects.all()
    assert row.user == member


def test_a_device_ends_with_its_session(member, add, rf, logged_in, service):
    (kept, _), (gone, _) = add(member), add(member)
    request = rf.post("/logout")
    request.user = member
    from django.contrib.sessions.backends.db import SessionStore

    request.session = SessionStore(gone.session.key)
    sessions.log_out(request)
    assert list(PushSubscription.objects.values_list("pk", flat=True)) == [kept.pk]
    accounts.log_out_everywhere(member)
    assert devices.standing(PushSubscription.objects.select_related("user", "session", "token")) == set()


def test_a_programs_device_ends_with_its_token(member, sender, service):
    token, secret = accounts.make_token(member, "phone")
    client = APIClient(headers={"authorization": f"Token {secret}"})
    first, second = service.device(), service.device()
    assert client.post("/push", first.fields, format="json").json()["current"] is False
    assert client.post("/push", second.fields, format="json").status_code == 201
    assert client.get("/push").json()["results"][0]["name"] == "A program"
    assert PushSubscription.objects.count() == 2
    accounts.revoke_token(token)
    assert not PushSubscription.objects.exists()


def test_the_key_is_made_once_and_never_replaced_while_devices_need_it(mine, service):
    key = mine.get("/push/key").json()["key"]
    assert devices.is_point(devices.bytes_of(key))
    assert vapid.make() == VapidKey.objects.get()
    assert mine.get("/push/key").json() == {"key": key}
    mine.post("/push", service.device().fields)
    VapidKey.objects.all().delete()
    with pytest.raises(Unavailable):
        vapid.key()
    assert mine.get("/push/key").status_code == 503
    PushSubscription.objects.all().delete()
    assert mine.get("/push/key").json()["key"] != key


def test_the_page_works_without_scripts(mine, service, django_assert_num_queries):
    device = service.device()
    pk = mine.post("/push", device.fields).json()["id"]
    page = mine.get(reverse("push_devices")).content.decode()
    assert "Firefox on Android" in page
    assert device.endpoint not in page
    form = Client.post
    answer = form(mine, reverse("push_test", args=[pk]), follow=True)
    assert "Sent." in answer.content.decode()
    form(mine, reverse("push_content", args=[pk]), {"content": "false"})
    assert PushSubscription.objects.get().content is False
    form(mine, reverse("push_remove", args=[pk]))
    assert not PushSubscription.objects.exists()
    device.answers = [(500, {})]


def test_the_page_says_where_the_site_shows_no_content(mine):
    SiteSettings.load()
    SiteSettings.objects.update(push_content=False)
    assert "only what kind of thing happened" in mine.get(reverse("push_devices")).content.decode()


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Android"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18) Version/18.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh) Chrome/142.0 Safari/537.36", "Chrome on Mac"),
        ("python-requests/2", "A program"),
        ("", "A program"),
        ("<script>" * 1000, "A program"),
    ],
)
def test_names_of_devices(agent, name):
    assert name_of(agent) == name


def test_tags_are_of_one_person_and_one_room():
    tags = {tag_of(1, "board"), tag_of(2, "board"), tag_of(1, "other")}
    assert len(tags) == 3
    assert all(len(tag) <= 32 for tag in tags)
    assert tag_of(1, "board") in tags
