"""Functions that run at the same time."""

import threading

from django.db import connections


def at_once(*functions):
    """Start each function in a thread with a connection of its own, all together; return what they raised."""
    failures, start = [], threading.Barrier(len(functions))

    def run(function):
        try:
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
