from typing import Any

from django.core.management.base import BaseCommand

from rooms.models import Room, new_epoch


class Command(BaseCommand):
    help = "After a backup was restored: tells every client to load its rooms anew. Run it before the server starts."

    def handle(self, *args: Any, **options: Any) -> None:
        rooms = list(Room.objects.all())
        for room in rooms:
            room.epoch = new_epoch()
        Room.objects.bulk_update(rooms, ["epoch"], batch_size=500)
        self.stdout.write(f"{len(rooms)} rooms have a new epoch.")
