"""URLs of the pages of notifications."""

from django.urls import path

from notifications import views
from notifications.mailing import views as mailing

urlpatterns = [
    path("inbox", views.inbox_page, name="inbox"),
    path("profile/notifications", views.settings, name="notification_settings"),
    path("profile/notifications/quiet", views.quiet, name="notification_quiet"),
    path("chat/<slug:slug>/notifications", views.room_level, name="room_level"),
    path("chat/<slug:slug>/message/<int:pk>/why", views.why_page, name="message_why"),
    path("mail/unsubscribe/<str:token>", mailing.unsubscribe, name="mail_unsubscribe"),
]
