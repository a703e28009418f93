from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class AccountsConfig(AppConfig):
    """Registers what needs the models: payloads for broadcasts, and SQLite's folding function."""

    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        from accounts import profile_broadcast
        from accounts.payloads import user_views
        from accounts.presence import away_broadcast, idle

        profile_broadcast.payloads = user_views
        idle.broadcast = away_broadcast.broadcast
        connection_created.connect(teach_folding, dispatch_uid="accounts.names")


def teach_folding(connection: Any, **kwargs: Any) -> None:
    """Define the folding function on a new SQLite connection; SQLite keeps functions per connection."""
    from accounts.names.folding import fold
    from accounts.names.lookup import FUNCTION

    if connection.vendor == "sqlite" and not getattr(connection, "is_kept", False):
        connection.connection.create_function(FUNCTION, 1, fold, deterministic=True)
