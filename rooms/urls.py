from django.urls import path

from rooms import views

# Before messaging's urls: `/chat/new` is no room.
urlpatterns = [
    path("chat/", views.browse, name="browse"),
    path("chat/new", views.room_new, name="room_new"),
    path("direct/new", views.direct_new, name="direct_new"),
    path("people/<str:username>", views.person, name="person"),
    path("chat/<slug:slug>/settings", views.room_settings, name="room_settings"),
    path("chat/<slug:slug>/archive", views.archive, name="room_archive"),
    path("chat/<slug:slug>/leave", views.leave, name="room_leave"),
    path("chat/<slug:slug>/invite", views.invite, name="room_invite"),
    path("chat/<slug:slug>/members", views.members, name="room_members"),
    path("chat/<slug:slug>/members/<str:username>", views.member, name="room_member"),
]
