"""Every REST door with owner, member, stranger and nobody. A route that isn't listed here fails."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import UserSession
from drafts import services as drafts
from drafts.reminders import services as reminders
from drafts.scheduled import services as scheduled
from files.storage import local
from messaging import services as messages
from previews.models import MessagePreview, Preview
from push.devices import vapid
from push.models import PushSubscription
from rooms.membership import invites, membership

pytestmark = pytest.mark.django_db

FILE = object()
LATER = (timezone.now() + timedelta(days=30)).isoformat()
# Route and method → a path in the owner's private room, a body, and what owner, member, stranger and nobody get.
DOORS = {
    ("room-list", "get"): ("/room", None, (200, 200, 200, 401)),
    ("room-list", "post"): ("/room", {"name": "mine"}, (201, 201, 201, 401)),
    ("room-detail", "get"): ("/room/board", None, (200, 200, 404, 401)),
    ("room-detail", "put"): ("/room/board", {"topic": "x"}, (200, 403, 404, 401)),
    ("room-detail", "patch"): ("/room/board", {"topic": "x"}, (200, 403, 404, 401)),
    ("room-detail", "delete"): ("/room/board", None, (204, 403, 404, 401)),
    ("member-list", "get"): ("/room/board/member", None, (200, 200, 404, 401)),
    ("member-list", "post"): ("/room/board/member", {"username": "other"}, (201, 403, 404, 401)),
    ("member-detail", "get"): ("/room/board/member/owner", None, (200, 200, 404, 401)),
    ("member-detail", "put"): ("/room/board/member/helper", {"muted": True}, (200, 403, 404, 401)),
    ("member-detail", "patch"): ("/room/board/member/helper", {"role": "moderator"}, (200, 403, 404, 401)),
    ("member-detail", "delete"): ("/room/board/member/helper", None, (204, 403, 404, 401)),
    ("room-events", "get"): ("/room/board/event", None, (200, 200, 404, 401)),
    ("room-read", "get"): ("/room/board/read", None, (200, 200, 404, 401)),
    ("room-read", "put"): ("/room/board/read", {"seq": 0, "back": True}, (200, 200, 404, 401)),
    ("room-read", "patch"): ("/room/board/read", {"seq": 0, "back": True}, (200, 200, 404, 401)),
    ("room-receipts", "get"): ("/room/board/receipt", None, (200, 200, 404, 401)),
    ("ban-list", "get"): ("/room/board/ban", None, (200, 403, 404, 401)),
    ("ban-list", "post"): ("/room/board/ban", {"username": "helper"}, (201, 403, 404, 401)),
    ("ban-detail", "delete"): ("/room/board/ban/banned", None, (204, 403, 404, 401)),
    ("room-block", "put"): ("/room/board/block", None, (201, 201, 404, 401)),
    ("room-block", "delete"): ("/room/board/block", None, (404, 404, 404, 401)),
    ("room-block-list", "get"): ("/user/me/room-block", None, (200, 200, 200, 401)),
    ("person-block-list", "get"): ("/user/me/block", None, (200, 200, 200, 401)),
    ("person-block", "put"): ("/user/other/block", None, (201, 201, 201, 401)),
    ("person-block", "delete"): ("/user/other/block", None, (404, 404, 404, 401)),
    ("room-invite-list", "get"): ("/room/board/invite", None, (200, 403, 404, 401)),
    ("room-invite-list", "post"): ("/room/board/invite", None, (201, 403, 404, 401)),
    ("room-invite", "delete"): ("/room/board/invite/{code}", None, (204, 403, 404, 401)),
    ("room-file-list", "get"): ("/room/board/file", None, (200, 200, 404, 401)),
    ("user-avatar", "put"): ("/user/me/avatar", {}, (415, 415, 415, 401)),
    ("user-avatar", "delete"): ("/user/me/avatar", None, (204, 204, 204, 401)),
    ("avatar-picture", "get"): (f"/user/owner/avatar/{'0' * 32}/48", None, (404, 404, 404, 401)),
    ("room-avatar", "put"): ("/room/board/avatar", {}, (415, 403, 404, 401)),
    ("room-avatar", "delete"): ("/room/board/avatar", None, (204, 403, 404, 401)),
    ("room-avatar-picture", "get"): (f"/room/board/avatar/{'0' * 32}/48", None, (404, 404, 404, 401)),
    ("emoji-list", "get"): ("/emoji", None, (200, 200, 200, 401)),
    ("emoji-list", "post"): ("/emoji", {"name": "x"}, (403, 403, 403, 401)),
    ("emoji-detail", "delete"): ("/emoji/lathe", None, (404, 404, 404, 401)),
    ("emoji-picture", "get"): (f"/emoji/lathe/{'0' * 32}", None, (404, 404, 404, 401)),
    ("message-list", "get"): ("/message?room=board", None, (200, 200, 404, 401)),
    ("message-list", "post"): ("/message", {"room": "board", "body": "x"}, (201, 201, 404, 401)),
    ("message-detail", "get"): ("/message/{message}", None, (200, 200, 404, 401)),
    ("message-detail", "put"): ("/message/{message}", {"body": "y"}, (200, 403, 404, 401)),
    ("message-detail", "patch"): ("/message/{message}", {"body": "y"}, (200, 403, 404, 401)),
    ("message-detail", "delete"): ("/message/{message}", None, (204, 403, 404, 401)),
    ("reaction-list", "get"): ("/message/{message}/reaction", None, (200, 200, 404, 401)),
    ("reaction-list", "post"): ("/message/{message}/reaction", {"emoji": "👍"}, (201, 201, 404, 401)),
    ("reaction-detail", "delete"): ("/message/{message}/reaction/👍", None, (204, 204, 404, 401)),
    ("message-history", "get"): ("/message/{message}/history", None, (200, 200, 404, 401)),
    ("message-why", "get"): ("/message/{message}/why", None, (200, 200, 404, 401)),
    ("notification-list", "get"): ("/notification", None, (200, 200, 200, 401)),
    ("notification-read", "get"): ("/notification/read", None, (200, 200, 200, 401)),
    ("notification-read", "post"): ("/notification/read", {"room": "board", "seq": 1}, (200, 200, 404, 401)),
    ("notification-setting", "get"): ("/notification/setting", None, (200, 200, 200, 401)),
    ("notification-setting", "put"): ("/notification/setting", {"level": "all"}, (200, 200, 200, 401)),
    ("notification-setting", "patch"): ("/notification/setting", {"keywords": ["x"]}, (200, 200, 200, 401)),
    ("preview-detail", "delete"): ("/message/{message}/preview/{preview}", None, (204, 403, 404, 401)),
    ("draft-list", "get"): ("/draft", None, (200, 200, 200, 401)),
    ("draft-detail", "get"): ("/draft/board", None, (200, 200, 404, 401)),
    ("draft-detail", "put"): ("/draft/board", {"body": "x", "version": 0}, (409, 200, 404, 401)),
    ("draft-detail", "delete"): ("/draft/board", None, (204, 204, 404, 401)),
    ("scheduled-list", "get"): ("/scheduled", None, (200, 200, 200, 401)),
    ("scheduled-list", "post"): (
        "/scheduled",
        {"room": "board", "body": "x", "send_at": LATER},
        (201, 201, 404, 401),
    ),
    ("scheduled-detail", "get"): ("/scheduled/{scheduled}", None, (200, 404, 404, 401)),
    ("scheduled-detail", "put"): ("/scheduled/{scheduled}", {"body": "y"}, (200, 404, 404, 401)),
    ("scheduled-detail", "patch"): ("/scheduled/{scheduled}", {"body": "y"}, (200, 404, 404, 401)),
    ("scheduled-detail", "delete"): ("/scheduled/{scheduled}", None, (204, 404, 404, 401)),
    ("scheduled-message", "post"): ("/scheduled/{scheduled}/message", None, (201, 404, 404, 401)),
    ("reminder-list", "get"): ("/reminder", None, (200, 200, 200, 401)),
    ("reminder-list", "post"): ("/reminder", {"text": "x", "remind_at": LATER}, (201, 201, 201, 401)),
    ("reminder-detail", "get"): ("/reminder/{reminder}", None, (200, 404, 404, 401)),
    ("reminder-detail", "put"): ("/reminder/{reminder}", {"done": True}, (200, 404, 404, 401)),
    ("reminder-detail", "patch"): ("/reminder/{reminder}", {"text": "y"}, (200, 404, 404, 401)),
    ("reminder-detail", "delete"): ("/reminder/{reminder}", None, (204, 404, 404, 401)),
    ("file-list", "post"): ("/file?room=board", FILE, (201, 201, 404, 401)),
    ("file-detail", "get"): ("/file/{file}", None, (200, 200, 404, 401)),
    ("file-detail", "put"): ("/file/{loose}", {"alt": "a lathe"}, (200, 404, 404, 401)),
    ("file-detail", "patch"): ("/file/{loose}", {"alt": "a lathe"}, (200, 404, 404, 401)),
    ("file-detail", "delete"): ("/file/{loose}", None, (204, 404, 404, 401)),
    ("file-original", "get"): ("/file/{file}/note.txt", None, (200, 200, 404, 401)),
    ("file-preview", "get"): ("/file/{file}/preview/small", None, (200, 200, 404, 401)),
    ("push-list", "get"): ("/push", None, (200, 200, 200, 401)),
    ("push-list", "post"): ("/push", {"endpoint": "x"}, (400, 400, 400, 401)),
    ("push-key", "get"): ("/push/key", None, (200, 200, 200, 401)),
    ("push-detail", "get"): ("/push/{device}", None, (404, 200, 404, 401)),
    ("push-detail", "put"): ("/push/{device}", {"content": False}, (404, 200, 404, 401)),
    ("push-detail", "patch"): ("/push/{device}", {"content": False}, (404, 200, 404, 401)),
    ("push-detail", "delete"): ("/push/{device}", None, (404, 204, 404, 401)),
    ("push-test", "post"): ("/push/{device}/test", None, (404, 200, 404, 401)),
    ("user-list", "get"): ("/user", None, (200, 200, 200, 401)),
    ("user-list", "post"): (
        "/user",
        {"username": "fresh", "password": "long enough words"},
        (403, 403, 403, 403),
    ),
    ("user-detail", "get"): ("/user/owner", None, (200, 200, 200, 401)),
    ("user-me", "get"): ("/user/me", None, (200, 200, 200, 401)),
    ("user-me", "put"): ("/user/me", {"display_name": "X"}, (200, 200, 200, 401)),
    ("user-me", "patch"): ("/user/me", {"display_name": "X"}, (200, 200, 200, 401)),
}
# For anyone, and of nobody's data.
OPEN = {"schema", "docs", "healthz", "readyz", "metrics"}


@pytest.fixture
def scene(owner, member, private_room, make_person, upload):
    helper, banned = make_person("helper"), make_person("banned")
    make_person("other")
    membership.grant(private_room, helper)
    membership.ban(owner, "board", banned.username)
    file, loose = (upload(owner, private_room, previews={"small": [1, 1, 10]}) for _ in range(2))
    local.path(file.blob.key, "small").write_bytes(bytes(10))
    message = messages.send(owner, "board", "hello", uuid.uuid4(), files=[file.pk])[0]
    code = invites.make_room_invite(owner, "board").invite.code
    page = Preview.objects.create(url_hash="x", url="https://example.org/", title="A page")
    preview = MessagePreview.objects.create(message=message, preview=page)
    drafts.put(owner, "board", "half", 0)
    later = timezone.now() + timedelta(days=1)
    message_of_tomorrow = scheduled.add(owner, "board", "x", later, uuid.uuid4())[0]
    reminder = reminders.add(owner, later, uuid.uuid4(), "x")[0]
    ours = {"scheduled": message_of_tomorrow.pk, "reminder": reminder.pk, "device": device_of(member).pk}
    there = {"message": message.pk, "code": code, "preview": preview.pk}
    return {**there, **ours, "file": file.pk, "loose": loose.pk}


def device_of(person):
    """Return a device of the person's, at a push service that can't be connected to."""
    vapid.key()
    session = UserSession.objects.create(user=person, key="a" * 32)
    keys = {"p256dh": "x", "auth": "x", "endpoint_hash": "x"}
    return PushSubscription.objects.create(
        user=person,
        session=session,
        endpoint="https://127.0.0.1:9/",
        host="127.0.0.1",
        name="A phone",
        **keys,
    )


@pytest.mark.parametrize("door", DOORS, ids="-".join)
@pytest.mark.parametrize("role", ["owner", "member", "stranger", "nobody"])
def test_door(door, role, scene, owner, member, stranger):
    path, body, expected = DOORS[door]
    people = {"owner": owner, "member": member, "stranger": stranger, "nobody": None}
    client = APIClient()
    if people[role]:
        client.force_authenticate(people[role])
    form = "json"
    if body is FILE:
        body, form = {"file": SimpleUploadedFile("a.txt", b"words")}, "multipart"
    response = getattr(client, door[1])(path.format(**scene), body, format=form)
    assert response.status_code == expected[list(people).index(role)], response.content[:300]


def rest_routes():
    """`(name, method)` of every DRF view in the site's URLs."""
    found = set()
    patterns = list(get_resolver().url_patterns)
    while patterns:
        pattern = patterns.pop()
        patterns += getattr(pattern, "url_patterns", [])
        view = getattr(getattr(pattern, "callback", None), "cls", None)
        if view is None or pattern.name in OPEN:
            continue
        methods = getattr(pattern.callback, "actions", None) or {
            m for m in view.http_method_names if hasattr(view, m)
        }
        found |= {(pattern.name, method) for method in methods if method not in ("head", "options")}
    return found


def test_every_route_is_listed():
    assert rest_routes() == set(DOORS)
