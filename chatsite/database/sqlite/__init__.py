"""Django's database engine "chatsite.database.sqlite"."""
