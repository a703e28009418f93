"""Mail for who didn't read what was said to them: gathered for each person, looked at again, and sent from a thread."""
