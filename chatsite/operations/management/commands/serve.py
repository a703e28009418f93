import signal
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from chatsite.operations import quick_start, startup


class Command(BaseCommand):
    help = "Checks the settings, brings the database and the static files up to date, and serves the site."
    # Skipped, as they load every view, which takes time; `./run test` runs them.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        from accounts.services import setup_link

        signal.signal(signal.SIGINT, signal.SIG_DFL)
        startup.check_port()
        startup.check_data_dir()
        applied = startup.migrate()
        startup.check_log()
        startup.make_push_key()
        startup.collect_static()
        quick_start.write_stamp(applied)
        greeting = startup.greeting(setup_link())
        connection.close()
        startup.serve(greeting)
