"""Work on pictures and films that strangers sent. All of it runs in a child process and imports nothing of Django.

Everything here reads with a bound: by a file's size, by a number of steps, and by the child's limits.
"""
