"""URLs of the page of one's devices."""

from django.urls import path

from push import views, worker

urlpatterns = [
    path("sw.js", worker.worker, name="service_worker"),
    path("profile/devices", views.devices_page, name="push_devices"),
    path("profile/devices/<int:pk>/test", views.test, name="push_test"),
    path("profile/devices/<int:pk>/content", views.content, name="push_content"),
    path("profile/devices/<int:pk>/remove", views.remove, name="push_remove"),
]
