"""The site with the push service of the tests' own."""

import os

from chatsite.wsgi import application  # isort: skip
from django.conf import settings

__all__ = ["application"]

settings.PUSH_TEST_NETWORKS = ["127.0.0.0/8"]
settings.PUSH_TEST_CERTIFICATES = os.environ["PUSH_CERTIFICATE"]
