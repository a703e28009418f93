"""The URL of the page of a room's files."""

from django.urls import path

from files.listing.views import room_files

urlpatterns = [path("chat/<slug:slug>/files", room_files, name="room_files")]
