"""People: accounts, sessions, tokens, names, presence, and how they sign up and are moderated."""
