"""The site's settings with a quick password hash and a database in memory."""

import os

os.environ.setdefault("SECRET_KEY", "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF")

# Here nobody asks eventlet for a name, and its resolver takes long to load. tests/conftest.py takes it back: servers that
# tests start decide for themselves.
os.environ["EVENTLET_NO_GREENDNS"] = "yes"

from chatsite import conf
from chatsite.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The test runner gives every database a name of its own, but for one in memory.
DATABASES = {
    "default": {"ENGINE": "chatsite.database.sqlite", "NAME": ":memory:", "TEST": {"NAME": ":memory:"}}
}
# The same tests on another engine: tests/database/test_apps_on_postgresql.py.
if url := os.environ.get("TEST_DATABASE_URL"):
    DATABASES = {"default": conf.database_server(url)}
    # A database beside it that has the tables, which are copied.
    if template := os.environ.get("TEST_DATABASE_TEMPLATE"):
        DATABASES["default"]["TEST"] = {"TEMPLATE": template, "MIGRATE": False}
CACHES = {"default": MEMORY_CACHE}  # noqa: F405
# Where the servers of tests/previews are.
PREVIEW_TEST_NETWORKS = ["127.0.0.0/8"]
PUSH_TEST_NETWORKS = ["127.0.0.0/8"]
# Each test's people have the same ids, and many are quicker than anybody.
EVENTS_PER_SECOND = 0
