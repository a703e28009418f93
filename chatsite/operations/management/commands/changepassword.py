import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from accounts import services
from accounts.models import User

TRIES = 3


class Command(changepassword.Command):
    """Django's command, through the service. Django's own would overwrite the row with its state before the typing."""

    help = "Gives an account a new password, ends its sessions and revokes its tokens."

    def handle(self, *args: Any, username: str | None = None, **options: Any) -> None:
        name = username or getpass.getuser()
        try:
            user = User.objects.by_username(name)
        except User.DoesNotExist as error:
            raise CommandError(f"There is nobody called {name}.") from error
        self.stdout.write(
            f"A new password for {user}. All sessions of this account end, and all its tokens are revoked."
        )
        user.set_password(self.ask(user))
        services.store_password(user)
        self.stdout.write(f"The password of {user} is changed.")

    def ask(self, user: User) -> str:
        for _ in range(TRIES):
            password = getpass.getpass("Password: ")
            if password != getpass.getpass("Password (again): "):
                self.stderr.write("These two are not the same.")
                continue
            try:
                validate_password(password, user)
            except ValidationError as error:
                self.stderr.write("\n".join(error.messages))
                continue
            return password
        raise CommandError("Nothing is changed.")
