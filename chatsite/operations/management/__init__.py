"""Django's package of commands."""
