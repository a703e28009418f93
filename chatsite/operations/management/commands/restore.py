from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from chatsite.operations.backup import archive, output, restoring


class Command(BaseCommand):
    help = "Puts a backup in the place of the site's database and uploads. The server must be stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help="also where there are people already")

    def handle(self, *args: Any, file: Path, force: bool = False, **options: Any) -> None:
        with output.in_one_line(file), archive.opened(file) as opened:
            restoring.restore(opened, force)
        made = opened.manifest["made_at"]
        self.stdout.write(f"The site is as it was at {made}: {output.contents(opened.manifest)}.")
