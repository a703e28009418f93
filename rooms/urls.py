"""URLs of room pages."""

from django.urls import path

from rooms.views import blocks, browse, members, settings

# Before messaging's URLs: `/chat/new` is no room.
urlpatterns = [
    path("chat/", browse.browse, name="browse"),
    path("chat/new", browse.room_new, name="room_new"),
    path("direct/new", browse.direct_new, name="direct_new"),
    path("people/<str:username>", browse.person, name="person"),
    path("people/<str:username>/block", blocks.person, name="person_block"),
    path("chat/<slug:slug>/block", blocks.room, name="room_block"),
    path("chat/<slug:slug>/settings", settings.room_settings, name="room_settings"),
    path("chat/<slug:slug>/archive", settings.archive, name="room_archive"),
    path("chat/<slug:slug>/leave", settings.leave, name="room_leave"),
    path("chat/<slug:slug>/invite", settings.invite, name="room_invite"),
    path("chat/<slug:slug>/invite/<str:code>/revoke", settings.revoke, name="room_invite_revoke"),
    path("chat/<slug:slug>/members", members.members, name="room_members"),
    path("chat/<slug:slug>/members/<str:username>", members.member, name="room_member"),
]
