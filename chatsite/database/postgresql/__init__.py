"""Django's database engine "chatsite.database.postgresql"."""
