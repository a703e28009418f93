"""Fill a site's database for the count: people, their tokens and rooms. Run under Django's settings."""

import sys
from pathlib import Path

# Sets Django up.
from benchmarks.people import fill_people, fill_rooms  # isort: skip

from django.core.management import call_command
from django.db import connection, transaction

# Compiled here, as that takes ten times as long under valgrind.
import chatsite.wsgi  # noqa: F401
from benchmarks.instructions.plan import GROUPS


def main(tokens: Path) -> None:
    call_command("migrate", interactive=False, verbosity=0)
    with transaction.atomic():
        fill_rooms(fill_people(tokens.read_text().split()), GROUPS)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
