"""Migrations of a database or an archive, and the models as they were after them."""

from typing import Any

from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

Migration = tuple[str, str]


def applied() -> list[Migration]:
    """List the database's applied migrations, sorted by name; [] for an empty database."""
    return sorted(MigrationRecorder(connection).applied_migrations())


def unknown(migrations: list[Migration]) -> list[str]:
    """List the migrations that this version of the program lacks: a newer one made them."""
    disk = MigrationLoader(None).disk_migrations
    return [".".join(migration) for migration in migrations if migration not in disk]


def check_known(migrations: list[Migration], what: str) -> None:
    """Raise CommandError if `what` has migrations of a newer version."""
    newer = unknown(migrations)
    if newer:
        raise CommandError(
            f"{what} is of a newer version, which has {newer[0]}: upgrade the program first (git pull)."
        )


def leaves_of(migrations: list[Migration], graph: Any) -> list[Migration]:
    """List those of `migrations` that none of the others depends on."""
    seen = set(migrations)
    return [each for each in migrations if not seen & set(graph.node_map[each].children)]


def models_at(migrations: list[Migration]) -> list[Any]:
    """List the models of all tables as they were after `migrations`, sorted by label."""
    loader = MigrationLoader(None)
    state = loader.project_state(leaves_of(migrations, loader.graph))
    models = [
        model
        for model in state.apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]
    return sorted(models, key=lambda model: model._meta.label_lower)


def migrate_to(migrations: list[Migration]) -> None:
    """Migrate an empty database to exactly `migrations`."""
    executor = MigrationExecutor(connection)
    executor.migrate(leaves_of(migrations, executor.loader.graph))
    if applied() != sorted(migrations):
        raise CommandError("The archive's migrations don't make a whole: was manifest.json changed by hand?")
