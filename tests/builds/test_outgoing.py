"""Which addresses may be connected to."""

import ipaddress

import pytest

from builds.outgoing import is_open

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - refused, not bound
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "64:ff9b:1::7f00:1",  # translated here (RFC 8215)
    "::ffff:0:7f00:1",
    "::7f00:1",
    "fec0::1",
    "4000::1",  # nobody's
    "192.0.0.8",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_closed(address: str) -> None:
    assert not is_open(address, ())


@pytest.mark.parametrize("address", ["140.82.121.4", "8.8.8.8", "2606:4700::6810:84e5", "::ffff:8.8.8.8"])
def test_a_public_address_is_open(address: str) -> None:
    assert is_open(address, ())


def test_an_operator_opens_a_network_and_nothing_beside_it() -> None:
    allowed = (ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00:1::/32"))

    assert [is_open(a, allowed) for a in ("10.1.2.3", "::ffff:10.1.2.3", "fd00:1::5")] == [True, True, True]
    assert [is_open(a, allowed) for a in ("10.2.2.3", "127.0.0.1", "fd00:2::5")] == [False, False, False]
