"""What every route is asked for where it is measured. One that isn't listed here fails."""

from urllib.parse import quote

from tests.support.servers.large_site import BASE, BOSS, EDITED, PLAZA, QUIET

NO_FILE = "00000000-0000-4000-8000-000000000000"
# A file of the plaza, with no bytes.
CARRIED = f"00000000-0000-0000-0000-{BASE + 100:012x}"
MESSAGE, MIDDLE = BASE + 1, BASE + 300

# Pictures that nobody has: their bytes aren't the database's.
NO_PICTURES = [
    f"/{path}/{'0' * 32}{size}"
    for path, size in (("emoji/lathe", ""), ("user/few/avatar", "/48"), ("room/plaza/avatar", "/48"))
]
# By the route's name (by its pattern, where it has none): addresses that a large site could make dear.
PAGES = {
    "login": ["/login"],
    "signup": ["/signup"],
    "setup": ["/setup/token"],
    "invite": ["/invite/code2"],
    "profile": ["/profile"],
    "password_change": ["/password"],
    "password_reset": ["/password/reset"],
    "password_reset_confirm": ["/password/reset/x/y"],
    "people_invite": ["/people/invite"],
    "admin/login/": ["/admin/login/"],
    "admin/password_change/": ["/admin/password_change/"],
    "browse": ["/chat/", "/chat/?q=99", "/chat/?q=zzzz", "/chat/?mine=1", "/chat/?after=room2"],
    "room_new": ["/chat/new"],
    "direct_new": ["/direct/new", "/direct/new?q=99", "/direct/new?q=zzzz"],
    "person": ["/people/person1", "/people/many", "/people/few"],
    "room_files": [
        *(
            "/chat/plaza/files",
            "/chat/plaza/files?kind=document",
            "/chat/plaza/files?from=few",
            "/chat/quiet/files",
        ),
    ],
    "room_settings": ["/chat/plaza/settings", "/chat/quiet/settings"],
    "room_members": [
        *(
            "/chat/plaza/members",
            "/chat/plaza/members?q=99",
            "/chat/plaza/members?q=zzzz",
            "/chat/quiet/members",
        ),
        "/chat/plaza/members?after=person3",
    ],
    "home": ["/"],
    "inbox": ["/inbox", "/inbox?tab=mentions", "/inbox?before=99"],
    "notification_settings": ["/profile/notifications"],
    "room_level": ["/chat/plaza/notifications", "/chat/quiet/notifications"],
    "message_why": [f"/chat/quiet/message/{MESSAGE}/why", f"/chat/plaza/message/{EDITED}/why"],
    "search": [
        "/search",
        "/search?q=zzzz",
        "/search?q=lathe",
        "/search?q=zzzz&room=plaza",
        "/search?q=lathe&before=1030",
    ],
    "catch_up": ["/catch-up"],
    "room": [
        *(
            "/chat/plaza",
            "/chat/quiet",
            "/chat/plaza?before=40",
            "/chat/plaza?after=10",
            "/chat/room2",
            "/chat/room6",
        ),
        "/chat/quiet?before=30",
    ],
    "permalink": [f"/chat/quiet/message/{MESSAGE}"],
    "forward": [f"/chat/quiet/message/{MESSAGE}/forward"],
    "message_history": [f"/chat/quiet/message/{MESSAGE}/history", f"/chat/plaza/message/{EDITED}/history"],
    "room_join": ["/chat/plaza/join"],
    "own_emoji": ["/site/emoji"],
    "push_devices": ["/profile/devices"],
    "profile_status": ["/profile/status"],
    "share": ["/share"],
    "scheduled": ["/later/scheduled"],
    "scheduled_new": ["/chat/plaza/later"],
    "scheduled_change": [f"/later/scheduled/{MESSAGE}"],
    "reminders": ["/later/reminders"],
    "reminder_change": [f"/later/reminders/{MESSAGE}"],
    "reminder_of_message": [f"/chat/quiet/message/{MESSAGE}/remind"],
    "favicon.ico": ["/favicon.ico"],
    "^static/(?:(?P<version>[0-9a-f]{12})/)?(?P<path>.+)$": ["/static/css/base.css"],
}
# The browsable API too: each is asked for as JSON and as a page.
REST = {
    "room-list": [
        *("/room", "/room?limit=200", "/room?mine=true", "/room?nearest=true", "/room?q=99", "/room?q=zzzz"),
        f"/room?cursor={quote('cD1yb29tMg==')}",
    ],
    "room-detail": ["/room/plaza", "/room/quiet"],
    "room-file-list": [
        *("/room/plaza/file", "/room/plaza/file?kind=document&limit=200", "/room/plaza/file?from=few"),
        "/room/quiet/file",
    ],
    "member-list": [
        *("/room/plaza/member", "/room/plaza/member?q=99", "/room/plaza/member?q=zzzz", "/room/quiet/member"),
        "/room/plaza/member?limit=200",
    ],
    "member-detail": ["/room/plaza/member/person1"],
    "room-events": ["/room/plaza/event", "/room/quiet/event", "/room/plaza/event?after=100&limit=500"],
    "ban-list": ["/room/plaza/ban"],
    "room-block-list": ["/user/me/room-block", "/user/me/room-block?limit=200"],
    "person-block-list": ["/user/me/block", "/user/me/block?limit=200"],
    "room-invite-list": ["/room/plaza/invite"],
    "room-read": ["/room/plaza/read", "/room/quiet/read"],
    "room-receipts": ["/room/plaza/receipt", "/room/quiet/receipt"],
    "message-list": [
        *(
            "/message",
            "/message?limit=200",
            f"/message?before={MIDDLE}",
            f"/message?after={MIDDLE}",
            "/message?after=0",
        ),
        *(
            f"/message?before={BASE + 62}",
            "/message?room=plaza",
            "/message?room=quiet&after=0",
            "/message?q=zzzz",
        ),
        *("/message?q=lathe", "/message?q=zzzz&room=plaza", "/message?q=e", "/message?q=zzzz&after=0"),
    ],
    "message-detail": [f"/message/{MESSAGE}", f"/message/{MIDDLE}"],
    "emoji-list": ["/emoji", "/emoji?limit=500"],
    "emoji-picture": [NO_PICTURES[0]],
    "avatar-picture": [NO_PICTURES[1]],
    "room-avatar-picture": [NO_PICTURES[2]],
    "reaction-list": [
        f"/message/{MESSAGE}/reaction",
        f"/message/{MESSAGE}/reaction?limit=200",
        f"/message/{MESSAGE}/reaction?emoji={quote('🦉')}",
    ],
    "message-history": [f"/message/{MESSAGE}/history", f"/message/{EDITED}/history"],
    "message-why": [f"/message/{MESSAGE}/why", f"/message/{EDITED}/why"],
    "notification-list": [
        *(
            "/notification",
            "/notification?limit=200",
            "/notification?unread=true",
            "/notification?kind=mention",
        ),
    ],
    "notification-read": ["/notification/read"],
    "notification-setting": ["/notification/setting"],
    "file-detail": [f"/file/{CARRIED}"],
    "file-original": [f"/file/{NO_FILE}/a.txt"],
    "file-preview": [f"/file/{NO_FILE}/preview/small"],
    "push-list": ["/push", "/push?limit=200"],
    "push-key": ["/push/key"],
    "push-detail": ["/push/1"],
    "draft-list": ["/draft", "/draft?limit=200"],
    "draft-detail": ["/draft/plaza"],
    "scheduled-list": ["/scheduled", "/scheduled?limit=200"],
    "scheduled-detail": [f"/scheduled/{MESSAGE}"],
    "reminder-list": ["/reminder", "/reminder?limit=200"],
    "reminder-detail": [f"/reminder/{MESSAGE}"],
    "user-list": [
        "/user",
        "/user?limit=200",
        "/user?q=99",
        "/user?q=zzzz",
        "/user?username=few&username=many",
    ],
    "user-me": ["/user/me"],
    "user-detail": ["/user/person1"],
}
OPEN = {
    "healthz": ["/healthz"],
    "readyz": ["/readyz"],
    "metrics": ["/metrics"],
    "schema": ["/schema", "/schema?format=json"],
    "docs": ["/docs", "/docs?script="],
    "worker": ["/sw.js"],
    "offline": ["/offline"],
    "offline_script": ["/offline.js"],
    "manifest": ["/manifest.webmanifest"],
}


def admin_of(model: str, pk: object, *queries: str) -> dict[str, list[str]]:
    path = f"/admin/{model.replace('_', '/')}/"
    return {
        f"admin:{model}_changelist": [path, *(f"{path}?{query}" for query in queries)],
        f"admin:{model}_add": [f"{path}add/"],
        f"admin:{model}_history": [f"{path}{pk}/history/"],
        f"admin:{model}_delete": [f"{path}{pk}/delete/"],
        f"admin:{model}_change": [f"{path}{pk}/change/"],
    }


def act_of(model: str, pk: object, *acts: str) -> dict[str, list[str]]:
    """The pages that count what acts will do."""
    path = f"/admin/{model.replace('_', '/')}/act"
    return {f"admin:{model}_act": [f"{path}/{act}/?ids={pk}" for act in acts]}


SEARCHES = [
    "q=zzzz",
    "q=lathe",
    "q=room:quiet",
    "q=room:plaza",
    "q=from:many",
    "q=from:few",
    "q=from:few+room:plaza",
    "q=room:nowhere",
    *(
        "room=plaza",
        "room=quiet",
        "room=room3",
        "room=nowhere",
        "room=many,person13",
        "from=many",
        "from=few",
    ),
    *("state=standing", "state=edited", "state=deleted", "state=hidden", "sent=7"),
    *("kind=public", "kind=private", "kind=direct", "kind=direct&state=edited", "q=zzzz&from=few&room=plaza"),
]
HUNDRED = ",".join(str(BASE + n) for n in range(1, 101))
ADMIN = {
    "admin:index": ["/admin/"],
    "admin:app_list": ["/admin/rooms/"],
    "admin:jsi18n": ["/admin/jsi18n/"],
    "admin:autocomplete": [
        f"/admin/autocomplete/?app_label=rooms&model_name=membership&field_name=user&term={term}"
        for term in ("", "99", "zzzz")
    ],
    "admin:auth_user_password_change": [f"/admin/accounts/user/{BOSS}/password/"],
    **admin_of(
        "messaging_message",
        MESSAGE,
        *SEARCHES,
        "p=3",
        "p=2499",
        "o=1",
    ),
    **act_of("messaging_message", HUNDRED, "hide", "restore", "clear"),
    "admin:messaging_message_reason": [f"/admin/messaging/message/reason/{pk}/" for pk in (QUIET, BASE + 2)],
    "admin:messaging_message_texts": ["/admin/messaging/message/texts/"],
    **admin_of("messaging_privatereading", 1, "room=quiet", "from=boss", "p=3"),
    **admin_of("rooms_room", PLAZA, "q=zzzz", "q=person", "kind=direct", "state=archived", "p=3", "o=-4"),
    **act_of("rooms_room", HUNDRED, "archive", "bring_back", "remove_avatar"),
    **admin_of(
        "rooms_membership", 1, "q=zzzz", "q=room:plaza+99", "q=room:plaza", "room=plaza", "from=many", "p=3"
    ),
    **act_of("rooms_membership", HUNDRED, "take_away"),
    **admin_of("rooms_consumer", 1),
    **admin_of("drafts_scheduledmessage", MESSAGE),
    **admin_of("emoji_customemoji", 1, "q=zzzz", "q=lathe"),
    **act_of("rooms_consumer", HUNDRED, "pause", "resume", "try_again", "skip"),
    **admin_of("rooms_ban", 1, "q=zzzz", "q=room:plaza", "room=plaza&from=many"),
    **act_of("rooms_ban", HUNDRED, "take_away"),
    **admin_of(
        *("accounts_user", BOSS, "q=zzzz", "q=99", "standing=banned", "standing=present", "rank=member"),
        *("rank=moderator", "p=3", "o=-7", "o=2"),
    ),
    **act_of(
        "accounts_user",
        HUNDRED,
        "ban",
        "unban",
        "deactivate",
        "reactivate",
        "end_everything",
        "remove_avatar",
    ),
    **admin_of("accounts_apitoken", 1, "q=zzzz", "q=person99", "p=3", "o=4"),
    **admin_of("accounts_invite", BASE + 1, "q=zzzz", "q=many", "state=revoked", "leads=room", "p=3"),
    **act_of("accounts_invite", HUNDRED, "revoke"),
    "admin:complete": [
        f"/admin/complete/{what}/?term={term}"
        for what in ("rooms", "people")
        for term in ("", "person", "99", "room", "zzzz")
    ],
    **admin_of("accounts_sitesettings", 1),
    **admin_of("push_pushsubscription", 1, "q=zzzz", "q=few"),
}
# They are only written to; the administration's own ways in and out are the site's.
NOT_READ = {
    *(
        "logout",
        "theme",
        "notification_quiet",
        "token_new",
        "reaction",
        "share_into_room",
        "file-list",
        "token_revoke",
        "others_out",
        "invite_revoke",
        "admin/logout/",
        "ban-detail",
    ),
    *(
        "room-invite",
        "room_archive",
        "room_leave",
        "room_invite",
        "room_member",
        "admin:login",
        "admin:logout",
    ),
    *("admin:password_change", "admin:password_change_done", "admin:view_on_site", "admin:<path:object_id>/"),
    *("room-block", "person-block", "room_block", "person_block", "room_invite_revoke"),
    *("mark_unread", "reaction-detail", "preview-detail", "preview_remove", "admin:(?P<url>.*)$"),
    *("own_emoji_remove", "emoji-detail"),
    # Behind a signed link.
    "mail_unsubscribe",
    *("push_test", "push_content", "push_remove", "push-test"),
    *("scheduled_cancel", "scheduled_send", "scheduled-message", "reminder_done", "reminder_delete"),
    *("user-avatar", "room-avatar", "profile_avatar", "room_settings_avatar"),
}
ALL = PAGES | REST | OPEN | ADMIN
