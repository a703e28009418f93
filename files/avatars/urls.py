"""URLs of the forms of avatars."""

from django.urls import path

from files.avatars import views

urlpatterns = [
    path("profile/avatar", views.own, name="profile_avatar"),
    path("chat/<slug:slug>/avatar", views.of_room, name="room_settings_avatar"),
]
