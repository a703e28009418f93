"""URL of a form on a room's page."""

from django.urls import path

from previews import views

urlpatterns = [
    path("chat/<slug:slug>/message/<int:pk>/preview/<int:preview>", views.remove, name="preview_remove"),
]
