"""Keeps `./run test --quick` quick: only tests that are marked for it start a server, a browser or a copy of the project."""

STARTING = {"realtime", "browser"}
# Names of the markers of the test that runs; None where no test does, as under `./run chaos`.
running: set[str] | None = None


def check_marked() -> None:
    """Raise AssertionError where the test that runs may start nothing."""
    assert running is None or running & STARTING, (
        "This test starts a process: it needs the marker `realtime`."
    )
