from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from chatsite.operations.backup import dumping, output


class Command(BaseCommand):
    help = "Writes all that the site is, database and uploads, into one file. The server may run meanwhile."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--without-files", action="store_true", help="not the uploads: whoever restores it keeps theirs"
        )

    def handle(self, *args: Any, file: Path, without_files: bool = False, **options: Any) -> None:
        with output.in_one_line(file):
            manifest, losses = dumping.back_up(file, files=not without_files)
            size = file.stat().st_size / 1e6
        self.stdout.write(f"{file} has {output.contents(manifest)} ({size:.1f} MB).")
        output.check_whole(losses)
