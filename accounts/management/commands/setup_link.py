from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.services import setup_link


class Command(BaseCommand):
    """Prints the setup link, from the address of the site on."""

    help = "Prints the link that makes the first administrator; nothing once there is an account."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--base", default=settings.SITE_URL, help="where the site is, such as http://127.0.0.1:8000"
        )

    def handle(self, *args: Any, base: str, **options: Any) -> None:
        path = setup_link()
        if path:
            self.stdout.write(base.rstrip("/") + path)
