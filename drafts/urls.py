"""URLs of the pages of scheduled messages and reminders."""

from django.urls import path

from drafts.reminders import views as reminders
from drafts.scheduled import views as scheduled

urlpatterns = [
    path("later/scheduled", scheduled.scheduled, name="scheduled"),
    path("later/scheduled/<int:pk>", scheduled.change, name="scheduled_change"),
    path("later/scheduled/<int:pk>/cancel", scheduled.cancel, name="scheduled_cancel"),
    path("later/scheduled/<int:pk>/send", scheduled.send, name="scheduled_send"),
    path("chat/<slug:slug>/later", scheduled.new, name="scheduled_new"),
    path("later/reminders", reminders.reminders, name="reminders"),
    path("later/reminders/<int:pk>", reminders.change, name="reminder_change"),
    path("later/reminders/<int:pk>/done", reminders.done, name="reminder_done"),
    path("later/reminders/<int:pk>/delete", reminders.delete, name="reminder_delete"),
    path("chat/<slug:slug>/message/<int:pk>/remind", reminders.of_message, name="reminder_of_message"),
]
