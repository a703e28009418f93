"""Settings of a site whose static files are of another version, as after an upgrade."""

from chatsite.settings import *  # noqa: F403

STATIC_VERSION = "bbbbbbbbbbbb"
STATIC_URL = f"/static/{STATIC_VERSION}/"
