from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from messaging.search import folded, indexes
from messaging.search.postgresql import PARTS


class Command(BaseCommand):
    """Folds texts and makes PostgreSQL's search index."""

    help = "Fold texts that aren't, and make PostgreSQL's index of words, or a better one since pg_trgm is there."

    def handle(self, *arguments: Any, **options: Any) -> None:
        count = folded.fold_all(connection)
        self.stdout.write(f"Texts folded anew: {count}.")
        if connection.vendor != "postgresql":
            self.stdout.write("SQLite has no index of words: it reads the messages.")
            return
        made = indexes.make(connection)
        what = "parts of words" if made == PARTS else "the beginnings of words, as pg_trgm may not be made"
        self.stdout.write(f"Search finds {what}. Servers that run learn of it when they start again.")
