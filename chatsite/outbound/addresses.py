"""Judge internet addresses: what may be fetched from because somebody sent a link.

By a table of our own, made of IANA's registries of special-purpose addresses. `ipaddress.is_global` of Python 3.11 calls
64:ff9b::7f00:1, 2002:7f00:1::, fec0::1, 192.88.99.1 and 224.0.0.1 public, and other versions differ.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# IPv4: all is public but these.
SPECIAL_IPV4 = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carriers' NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's own services, which its machines alone reach
        "169.254.0.0/16",  # link-local, and clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocols'
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # measurements
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
]
# IPv6: nothing is public but what is given to networks, less these.
GIVEN_IPV6 = IPv6Network("2000::/3")
SPECIAL_IPV6 = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocols': Teredo, benchmarks, ORCHID, AMT, AS112
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address is inside
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # once 6bone's
        "3fff::/20",  # documentation
    )
]
# IPv6 with an IPv4 address in its last 32 bits, which is what is reached: mapped, and NAT64's well-known prefix, by which
# machines without IPv4 reach all of it.
WITH_IPV4 = [IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96")]
# ISATAP: the second half of the address but for its last 32 bits, which are an IPv4 address.
ISATAP = {0x00005EFE, 0x02005EFE}
LAST_32_BITS = 0xFFFF_FFFF


def is_public(address: Address) -> bool:
    """Return whether the address is one of the internet, that anybody could reach."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in SPECIAL_IPV4)
    inner = IPv4Address(int(address) & LAST_32_BITS)
    if any(address in network for network in WITH_IPV4):
        return is_public(inner)
    if address not in GIVEN_IPV6 or any(address in network for network in SPECIAL_IPV6):
        return False
    return int(address) >> 32 & LAST_32_BITS not in ISATAP or is_public(inner)


def may_connect(address: str, port: int, networks: Sequence[Network] = ()) -> bool:
    """Return whether a connection is allowed: to a public address at the web's own ports, or to one of `networks`, at any
    port; tests alone name some. A link-local address with its scope is none of both."""
    try:
        judged = ip_address(address)
    except ValueError:
        return False
    if any(judged in network for network in networks):
        return True
    return port in (80, 443) and is_public(judged)


def networks_of(names: Iterable[str]) -> list[Network]:
    """Return the networks of these names. Raises ValueError."""
    return [ip_network(name) for name in names]
