"""The site with previews of links on, which may fetch from 127.0.0.2, and looks for what is new five times as often."""

from chatsite.wsgi import application  # isort: skip
from django.conf import settings

from accounts.models import SiteSettings
from rooms.log.consumers import service

__all__ = ["application"]

settings.PREVIEW_TEST_NETWORKS = ["127.0.0.2/32"]
service.LOOK_SECONDS = 0.4
# Not the row: the cast's is copied into the database.
SiteSettings.shows_link_previews = lambda: True
