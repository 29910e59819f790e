"""Where a build may connect while it fetches."""

from ipaddress import ip_address, ip_network

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builds.sandbox.destinations import CLOSED, Network, Reach, is_public

PUBLIC = ["151.101.0.223", "2a04:4e42::223"]


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("port", [80, 443])
def test_public_addresses_may_be_reached(address: str, port: int) -> None:
    assert Reach().allows(address, port)


def test_mirrors_at_addresses_kept_for_examples_may_be_reached_though_they_are_not_public() -> None:
    assert Reach().allows("203.0.113.80", 443)
    assert not is_public(ip_address("203.0.113.80"))


@pytest.mark.parametrize("port", [22, 25, 5432, 8080])
def test_other_ports_of_public_addresses_may_not(port: int) -> None:
    assert not Reach().allows(PUBLIC[0], port)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),  # noqa: S104 - refused
        *("169.254.169.254", "100.100.100.200", "192.0.0.1", "224.0.0.1", "255.255.255.255"),
        *("::1", "::", "fd00::1", "fe80::1%eth0", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
        *("64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "2002:7f00:1::", "::ffff:0:127.0.0.1"),
    ],
)
def test_what_is_not_public_may_not_be_reached(address: str) -> None:
    assert not Reach().allows(address, 443)


def test_this_machine_may_not_be_reached_at_any_of_its_addresses() -> None:
    own = [
        address.address for found in psutil.net_if_addrs().values() for address in found if address.family in {2, 10}
    ]

    assert [address for address in own if Reach().allows(address, 443)] == []


def test_the_operator_may_open_a_network_at_any_port() -> None:
    reach = Reach((ip_network("10.9.0.0/16"),))

    assert reach.allows("10.9.1.2", 8081)
    assert not reach.allows("10.8.1.2", 443)


@given(st.sampled_from(CLOSED), st.integers(0, 2**32 - 1))
def test_an_address_is_closed_in_every_spelling(network: Network, offset: int) -> None:
    address = ip_address(int(network.network_address) + offset % network.num_addresses)

    assert not Reach().allows(str(address), 443)
    assert not Reach().allows(f"::ffff:{address}", 443)
    assert not Reach().allows(f"64:ff9b::{address}", 443)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",  # noqa: S104
        "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_the_internets_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_the_internets_are(address: str) -> None:
    assert is_public(ip_address(address))
