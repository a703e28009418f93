"""Names of hosts that mean this machine, and how an address stands in a URL. Knows no settings, as they are made with it."""

# Where to listen for whoever comes; compared with, not bound.
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def bracketed(name: str) -> str:
    """Brackets around an IPv6 address, as it stands in a URL."""
    return f"[{name}]" if ":" in name else name
