from django.urls import path

from messaging import views

urlpatterns = [
    path("", views.home, name="home"),
    path("search", views.search, name="search"),
    path("catch-up", views.catch_up, name="catch_up"),
    path("chat/<slug:slug>", views.room, name="room"),
    path("chat/<slug:slug>/join", views.join, name="room_join"),
    path("chat/<slug:slug>/message/<int:pk>", views.permalink, name="permalink"),
]
