"""Functions that run at the same time."""

import threading

from django.db import connection, connections


def at_once(*functions):
    """Start each function in a thread with a connection of its own, all together; return what they raised.

    On SQLite the tests' database is in memory, and its cache shared: what one connection writes, another that reads doesn't
    wait for but fails at. A file, as a server has, knows no such locks, so these connections ask for none."""
    failures, start = [], threading.Barrier(len(functions))

    def run(function):
        try:
            if connection.vendor == "sqlite":
                with connection.cursor() as cursor:
                    cursor.execute("PRAGMA read_uncommitted = 1")
            start.wait(60)
            function()
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(function,), daemon=True) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    return failures
