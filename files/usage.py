"""What files take: how many there are and their bytes, by kind, room and person."""

from typing import Any, NamedTuple

from django.db.models import Count, QuerySet, Sum

from files.models import Blob, File

# Rooms and people that are listed.
LARGEST = 10


class Share(NamedTuple):
    """Files of a kind, a room or a person."""

    name: str
    files: int
    size: int


def shares(rows: QuerySet[Any], column: str, size: str) -> Any:
    """Group rows by a column, the largest first."""
    groups = rows.order_by().values_list(column)
    return groups.annotate(files=Count("pk"), size_of_all=Sum(size)).order_by("-size_of_all", column)


def of(rows: Any) -> list[Share]:
    return [Share(str(name), count, size) for name, count, size in rows]


def by_kind() -> list[Share]:
    """List what is stored: a blob that several files share counts once."""
    return of(shares(Blob.objects.all(), "kind", "size"))


def by_room() -> list[Share]:
    """List the rooms whose messages carry most."""
    carried = File.objects.kept().filter(message__isnull=False, room__isnull=False)
    return of(shares(carried, "room__slug", "size")[:LARGEST])


def by_person() -> list[Share]:
    """List the people who have most, as their quotas count it."""
    return of(shares(File.objects.kept().exclude(owner=None), "owner__username", "size")[:LARGEST])


def loose() -> Share:
    return total("no message carries yet", File.objects.loose())


def released() -> Share:
    return total("given up, on their way out", File.objects.exclude(released_at=None))


def total(name: str, files: QuerySet[File]) -> Share:
    found = files.aggregate(count=Count("pk"), bytes=Sum("size"))
    return Share(name, found["count"], found["bytes"] or 0)


def by_place() -> list[Share]:
    """List how much lies in the folder of uploads, and how much in the store of FILES_URL."""
    names = {False: "in the folder of uploads", True: "in the store of FILES_URL"}
    return [Share(names[remote], *rest) for remote, *rest in shares(Blob.objects.all(), "remote", "size")]
