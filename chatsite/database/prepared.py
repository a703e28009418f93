"""Statements that Django's ORM writes once: where a row is looked up or added for each request, writing its SQL is most of
what that takes.

A look-up in two joined tables takes the ORM 1 ms of the loop, of which SQLite needs 0.05. Here the text of the statement and
what becomes of its columns are known from the first time on.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

from chatsite.database.instances import loaded

AnyModel = TypeVar("AnyModel", bound=models.Model)


class Given(models.Value):
    """The value of that place among those which a Prepared is given. `like` is the field with which it is compared, where
    the database has another form of it."""

    def __init__(self, place: int, like: "models.Field[Any, Any] | None" = None) -> None:
        super().__init__(None, output_field=like)
        self._place, self._like = place, like

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self]

    def of(self, values: Sequence[Any], database: BaseDatabaseWrapper) -> Any:
        value = values[self._place]
        return value if self._like is None else self._like.get_db_prep_value(value, database)


class Prepared(Generic[AnyModel]):
    """A queryset of whole rows of one model, with those that it selects as related, in which `Given`s stand for values."""

    def __init__(self, queryset: Callable[[], "models.QuerySet[AnyModel]"]) -> None:
        self._queryset = queryset
        # By the database's vendor.
        self._selects: dict[str, Select] = {}

    def first(self, *values: Any) -> AnyModel | None:
        """Return the first row as a new instance, None where there is none. One query."""
        database = connections[DEFAULT_DB_ALIAS]
        select = self._selects.get(database.vendor)
        if select is None:
            select = self._selects[database.vendor] = Select(self._queryset())
        found: AnyModel | None = select.first(database, values)
        return found


class Select:
    """The SQL of a queryset for one database, and how a row becomes an instance."""

    def __init__(self, queryset: "models.QuerySet[Any]") -> None:
        # Of its connection, that of whoever is first, it reads the settings only.
        self._compiler: Any = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        self._sql, self._parameters = self._compiler.as_sql()
        self._row = Shape(self._compiler.klass_info, self._compiler.select)
        self._converters = self._compiler.get_converters([column[0] for column in self._compiler.select])

    def first(self, database: BaseDatabaseWrapper, values: Sequence[Any]) -> Any:
        parameters = [
            each.of(values, database) if isinstance(each, Given) else each for each in self._parameters
        ]
        with database.cursor() as cursor:
            cursor.execute(self._sql, parameters)
            found = cursor.fetchone()
        if found is None:
            return None
        (row,) = self._compiler.apply_converters([found], self._converters)
        return self._row.instance(row)


class Shape:
    """Which columns of a row are whose, by what Django's compiler says of a query's models."""

    def __init__(self, described: dict[str, Any], columns: Sequence[Any]) -> None:
        self._model: type[models.Model] = described["model"]
        self._columns = [(columns[at][0].target.attname, at) for at in described["select_fields"]]
        self._key = self._model._meta.pk.attname
        self._related = [
            (each["local_setter"], Shape(each, columns)) for each in described.get("related_klass_infos", ())
        ]

    def instance(self, row: Sequence[Any]) -> Any:
        """Return the instance with its related ones; None for one that an outer join didn't find."""
        values = {name: row[at] for name, at in self._columns}
        if values[self._key] is None:
            return None
        instance = loaded(self._model, **values)
        for put, related in self._related:
            put(instance, related.instance(row))
        return instance


def insert(instance: models.Model) -> None:
    """Add a row as `save(force_insert=True)` does, but without its signals. A number that the database gives it becomes its
    primary key."""
    database = connections[DEFAULT_DB_ALIAS]
    statement, fields, numbered = _insert(type(instance), database.vendor)
    values = [field.get_db_prep_save(field.pre_save(instance, True), database) for field in fields]
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        if numbered:
            (instance.pk,) = cursor.fetchone()
    instance._state.adding, instance._state.db = False, DEFAULT_DB_ALIAS


@cache
def _insert(model: type[models.Model], vendor: str) -> tuple[str, list[Any], bool]:
    """Return the statement, the fields whose values it takes, and whether it returns the primary key."""
    key: Any = model._meta.pk
    numbered = isinstance(key, models.AutoField)
    fields = [field for field in model._meta.concrete_fields if field is not key or not numbered]
    quoted = [
        connection.ops.quote_name(str(name))
        for name in (model._meta.db_table, *(each.column for each in fields))
    ]
    values = ", ".join(["%s"] * len(fields))
    returning = f" RETURNING {connection.ops.quote_name(key.column)}" if numbered else ""
    statement = f"INSERT INTO {quoted[0]} ({', '.join(quoted[1:])}) VALUES ({values}){returning}"
    return statement, fields, numbered
