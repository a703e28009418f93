"""What is a public address, by literals of every kind that guards of other programs let through."""

from pathlib import Path

import pytest

from chatsite import settings
from chatsite.outbound.addresses import may_connect, networks_of

PUBLIC = """
    1.1.1.1 8.8.8.8 93.184.215.14 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
    169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255
    198.20.0.0 223.255.255.255 168.63.129.15
    2600:: 2606:4700:4700::1111 2a00:1450:4001:800::200e 2001:200:: 2001:4860:4860::8888 2003::1 2c0f:fb50:4002::1
    ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2a00:1450::5efe:8.8.8.8
"""
PRIVATE = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.254
    168.63.129.16 169.254.169.254 169.254.0.1 172.16.0.1 172.31.255.255 192.0.0.8 192.0.0.192 192.0.2.1 192.31.196.1
    192.52.193.1 192.88.99.1 192.168.0.1 192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1
    239.255.255.255 240.0.0.1 255.255.255.255
    :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:8.8.8.8
    64:ff9b::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::10.1.2.3 64:ff9b:1::8.8.8.8 64:ff9b:1:ffff::1
    100::1 100:0:0:1::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:1::1
    2001:4:112::1 2001:db8::1 2002:7f00:1:: 2002:808:808:: 2002:c0a8:1::1 2620:4f:8000::1 3ffe::1 3fff::1
    2a00:1450::5efe:10.0.0.1 2a00:1450::200:5efe:127.0.0.1 4000::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fe80::1%eth0
    fe80::5efe:8.8.8.8 fec0::1 ff02::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
"""


@pytest.mark.parametrize(("addresses", "public"), [(PUBLIC, True), (PRIVATE, False)])
def test_the_table(addresses, public):
    literals = addresses.split()
    assert [address for address in literals if may_connect(address, 443) is not public] == []
    assert len(literals) >= 30


def test_only_the_webs_ports_are_asked():
    assert [port for port in (0, 22, 25, 80, 443, 6379, 8080, 65535) if may_connect("1.1.1.1", port)] == [
        80,
        443,
    ]


@pytest.mark.parametrize("text", ["", "localhost", "0x7f.1", "127.1", "2130706433", "1.1.1.1/32", "::1]"])
def test_what_is_no_address_is_refused(text):
    assert not may_connect(text, 443)


def test_a_tests_network_takes_any_port_and_is_the_only_exception():
    allowed = networks_of(["127.0.0.0/8"])
    assert may_connect("127.1.2.3", 4711, allowed)
    assert not any(may_connect(address, 80, allowed) for address in ("10.0.0.1", "::1", "::ffff:127.0.0.1"))
    assert not may_connect("1.1.1.1", 4711, allowed)


def test_a_site_allows_no_network_whatever_its_environment_says():
    """The setting is written as it is, and read from nowhere."""
    assert "\nPREVIEW_TEST_NETWORKS: list[str] = []\n" in Path(settings.__file__).read_text()
