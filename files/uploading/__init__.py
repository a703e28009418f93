"""What happens to a file before anybody else sees it: its kind, its name, and the child process that cleans it."""
