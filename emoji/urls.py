"""URLs of the emoji page."""

from django.urls import path

from emoji import views

urlpatterns = [
    path("site/emoji", views.emoji_page, name="own_emoji"),
    path("site/emoji/<str:name>/remove", views.remove, name="own_emoji_remove"),
]
