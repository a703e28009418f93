"""Map URLs to views of all apps."""

from functools import partial

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from chatsite import web_app
from chatsite.observability import health
from chatsite.observability.metrics import collector
from chatsite.observability.metrics.views import Metrics
from chatsite.realtime.socketio import gauges
from chatsite.subprocesses.gauges import of_children
from chatsite.web import versioned_static
from chatsite.web.rest import api_docs
from files.storage import store
from files.uploading.processing import decoder
from previews.queue import fetcher
from push.delivery.queue import sender

collector.sources += [
    gauges.of_server,
    partial(of_children, [decoder, store.child, *fetcher.children, *sender.children]),
]

urlpatterns = [
    # First what is asked for most: all before it is tried.
    path("", include("files.api")),
    path("", include("accounts.urls")),
    path("", include("accounts.api")),
    path("", include("rooms.api")),
    path("", include("rooms.unread.api")),
    path("", include("emoji.api")),
    path("", include("messaging.api")),
    path("", include("messaging.reactions.api")),
    path("", include("previews.api")),
    path("", include("push.api")),
    path("", include("drafts.api")),
    path("", include("drafts.scheduled.api")),
    path("", include("drafts.reminders.api")),
    path("", include("notifications.api")),
    path("", include("files.listing.api")),
    path("", include("files.avatars.api")),
    path("", include("files.avatars.urls")),
    path("", include("emoji.urls")),
    path("", include("rooms.urls")),
    path("", include("files.listing.urls")),
    path("", include("messaging.urls")),
    path("", include("previews.urls")),
    path("", include("push.urls")),
    path("", include("drafts.urls")),
    path("", include("notifications.urls")),
    path("admin/", admin.site.urls),
    path("sw.js", web_app.worker, name="worker"),
    path("offline", web_app.offline, name="offline"),
    path("offline.js", web_app.offline_script, name="offline_script"),
    path("manifest.webmanifest", web_app.manifest, name="manifest"),
    path("favicon.ico", RedirectView.as_view(url=static("favicon.svg"))),
    re_path(r"^static/(?:(?P<version>[0-9a-f]{12})/)?(?P<path>.+)$", versioned_static.redirect_to_current),
    re_path(r"^healthz/?$", health.healthz, name="healthz"),
    re_path(r"^readyz/?$", health.readyz, name="readyz"),
    re_path(r"^metrics/?$", Metrics.as_view(), name="metrics"),
    re_path(r"^schema/?$", api_docs.Schema.as_view(), name="schema"),
    re_path(r"^docs/?$", api_docs.Docs.as_view(), name="docs"),
]

handler500 = "chatsite.web.pages.server_error"
