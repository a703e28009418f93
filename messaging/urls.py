"""URLs of message pages."""

from django.urls import path

from messaging.views import forward, history, lists, reactions, room, unread

urlpatterns = [
    path("", room.home, name="home"),
    path("search", lists.search_page, name="search"),
    path("catch-up", lists.catch_up, name="catch_up"),
    path("chat/<slug:slug>", room.room, name="room"),
    path("chat/<slug:slug>/join", room.join, name="room_join"),
    path("chat/<slug:slug>/message/<int:pk>", room.permalink, name="permalink"),
    path("chat/<slug:slug>/message/<int:pk>/reaction", reactions.reaction, name="reaction"),
    path("chat/<slug:slug>/message/<int:pk>/unread", unread.mark_unread, name="mark_unread"),
    path("chat/<slug:slug>/message/<int:pk>/forward", forward.forward, name="forward"),
    path("chat/<slug:slug>/message/<int:pk>/history", history.message_history, name="message_history"),
]
