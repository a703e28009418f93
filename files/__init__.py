"""Files that people send: what they are, what is taken out of them, and where they lie."""
