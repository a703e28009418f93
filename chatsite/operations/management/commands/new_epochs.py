from typing import Any

from django.core.management.base import BaseCommand

from files import store_claim
from rooms.log import log_marker, marker_file


class Command(BaseCommand):
    help = "After a backup was restored: tells every client to load its rooms anew. Run it before the server starts."

    def handle(self, *args: Any, **options: Any) -> None:
        count = log_marker.renew_epochs()
        marker_file.write(log_marker.position())
        store_claim.set_token()
        self.stdout.write(f"{count} rooms have a new epoch.")
