"""Names of this machine, and addresses as URLs write them. It imports no settings, as `chatsite.conf` needs it."""

# Addresses that mean all interfaces; only compared with, never bound to.
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def bracketed(name: str) -> str:
    """Put an IPv6 address into brackets, as URLs write it; other names stay."""
    return f"[{name}]" if ":" in name else name
