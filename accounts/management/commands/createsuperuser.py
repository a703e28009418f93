from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError


class Command(createsuperuser.Command):
    """Django's command, but a name that may not be had is an error message instead of a traceback."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().handle(*args, **options)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
