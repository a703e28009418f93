import secrets
import shutil
import signal
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from chatsite.operations import startup


class Command(BaseCommand):
    help = "Serves a fresh demo site. `./run demo` gives it a folder of its own."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--build-only", action="store_true", help="Fill the database and stop.")

    def handle(self, *args: Any, build_only: bool = False, **options: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if not build_only:
            startup.check_port()
        startup.check_data_dir()
        remove_database()
        call_command("migrate", interactive=False, verbosity=0)
        password = secrets.token_urlsafe(9)
        from chatsite.operations.demo.build import build

        build(password)
        message = f"Log in as ada, or as mira, tomas, jun ..., with the password {password}"
        if build_only:
            self.stdout.write(message)
            return
        startup.collect_static()
        connection.close()
        startup.serve(f"{startup.greeting()}\n{message}")


def remove_database() -> None:
    """Delete the SQLite file and the uploads of a folder called demo; refuse any other database."""
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite") or settings.DATA_DIR.name != "demo":
        raise CommandError(
            "DATA_DIR: the demo needs a folder called demo and no DATABASE_URL; use ./run demo."
        )
    for path in settings.DATA_DIR.glob("chat.sqlite3*"):
        path.unlink()
    shutil.rmtree(settings.DATA_DIR / "uploads", ignore_errors=True)
