"""Which migrations a database or an archive has seen, and what its tables looked like then."""

from typing import Any

from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

Migration = tuple[str, str]


def applied() -> list[Migration]:
    """What the database has seen, in no order that means anything; nothing where nobody migrated it yet."""
    return sorted(MigrationRecorder(connection).applied_migrations())


def unknown(migrations: list[Migration]) -> list[str]:
    """Those that this version of the program doesn't have: it is the older one."""
    disk = MigrationLoader(None).disk_migrations
    return [".".join(migration) for migration in migrations if migration not in disk]


def check_known(migrations: list[Migration], what: str) -> None:
    strange = unknown(migrations)
    if strange:
        raise CommandError(
            f"{what} is of a newer version, which has {strange[0]}: upgrade the program first (git pull)."
        )


def leaves_of(migrations: list[Migration], graph: Any) -> list[Migration]:
    """Those that no other of them stands on."""
    seen = set(migrations)
    return [each for each in migrations if not seen & set(graph.node_map[each].children)]


def models_at(migrations: list[Migration]) -> list[Any]:
    """The models of every table, by their labels, as they were after these migrations."""
    loader = MigrationLoader(None)
    state = loader.project_state(leaves_of(migrations, loader.graph))
    models = [
        model
        for model in state.apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]
    return sorted(models, key=lambda model: model._meta.label_lower)


def migrate_to(migrations: list[Migration]) -> None:
    """Make the tables of that time in a database that has none."""
    executor = MigrationExecutor(connection)
    executor.migrate(leaves_of(migrations, executor.loader.graph))
    if applied() != sorted(migrations):
        raise CommandError("The archive's migrations don't make a whole: was manifest.json changed by hand?")
