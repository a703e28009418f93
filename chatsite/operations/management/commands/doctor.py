import os
import sys
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError

from chatsite.operations.doctor import registry
from chatsite.operations.doctor.findings import Findings


class Command(BaseCommand):
    help = "Looks the site over: what is well, what is wrong, and what to do about it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--url", help="look from outside, too, as visitors come: https://chat.example.org", default=""
        )

    def handle(self, *args: Any, url: str = "", **options: Any) -> None:
        if url and not is_address(url):
            raise CommandError("--url is not an address like https://chat.example.org.")
        levels = Counter(self.tell(registry.inside()))
        if url:
            levels += Counter(self.tell(registry.outside_of(url, os.environ.get("DOCTOR_TOKEN", ""))))
        self.stdout.write(f"\n{levels['wrong']} wrong, {levels['note']} to note, {levels['ok']} well.")
        if levels["wrong"]:
            sys.exit(1)

    def tell(self, findings: Findings) -> Any:
        for finding in findings:
            self.stdout.write(str(finding))
            yield finding.level


def is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
