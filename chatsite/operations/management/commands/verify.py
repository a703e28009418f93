from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from chatsite.operations.backup import archive, output, restoring


class Command(BaseCommand):
    help = "Restores a backup to a temporary place, and compares every row, room and file with what it was."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        with output.in_one_line(file), archive.opened(file) as opened:
            restoring.verify(opened)
        made = opened.manifest["made_at"]
        self.stdout.write(f"{file} can be restored: {output.contents(opened.manifest)}, of {made}.")
