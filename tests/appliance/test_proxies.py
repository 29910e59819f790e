"""Trusted proxies: believed about their visitors; nobody else is believed at all."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.proxies import Proxies, introduce
from appliance.serving.visitor import NOBODY, Visitor
from appliance.units import networks

PROXIES = Proxies(networks("10.0.0.0/8, 192.0.2.7/32, fd00::/8"))
PEER = Visitor("10.0.0.1")


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.1.2.3", True),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("fd00::1", True),
        ("fe80::1", False),
        ("::ffff:10.0.0.9", True),
        ("", False),
        ("unix", False),
    ],
)
def test_a_proxy_is_trusted_by_its_network(address: str, trusted: bool) -> None:
    assert PROXIES.trusts(address) is trusted
    assert not Proxies().trusts(address)
    assert not NOBODY.trusts(address)


@pytest.mark.parametrize(
    ("said", "address"),
    [
        (b"203.0.113.9", "203.0.113.9"),
        (b"1.1.1.1, 203.0.113.9", "203.0.113.9"),
        (b"6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (b"203.0.113.9,10.0.0.2,fd00::5", "203.0.113.9"),
        (b"10.0.0.3, 10.0.0.2", "10.0.0.3"),
        (b"2001:db8::1", "2001:db8::1"),
        (b"[2001:db8::1]:443", "2001:db8::1"),
        (b"203.0.113.9:5555", "203.0.113.9"),
        (b"::ffff:203.0.113.9", "203.0.113.9"),
        (b"203.0.113.9, unknown", "10.0.0.1"),
        (b"203.0.113.9, nonsense, 10.0.0.2", "10.0.0.2"),
        (b"", "10.0.0.1"),
        (b", ,", "10.0.0.1"),
    ],
)
def test_the_visitor_is_the_right_most_address_that_is_no_proxys(said: bytes, address: str) -> None:
    assert PROXIES.visitor(PEER, {b"x-forwarded-for": said}).address == address


@pytest.mark.parametrize(
    ("peer", "said", "secure"),
    [
        (False, b"https", True),
        (False, b"HTTPS", True),
        (True, b"http", False),
        (False, b"https, http", False),
        (True, b"gopher", True),
        (False, b"", False),
    ],
)
def test_the_scheme_is_the_last_proxys_word(peer: bool, said: bytes, secure: bool) -> None:
    assert PROXIES.visitor(Visitor("10.0.0.1", peer), {b"x-forwarded-proto": said}).secure is secure


def test_the_host_is_the_last_proxys_word() -> None:
    assert PROXIES.visitor(PEER, {b"x-forwarded-host": b"evil.test, shop.test"}).host == b"shop.test"
    assert PROXIES.visitor(PEER, {}) == PEER


@given(st.binary(max_size=200))
def test_whatever_a_header_says_there_is_an_address(said: bytes) -> None:
    found = PROXIES.visitor(PEER, {b"x-forwarded-for": said, b"x-forwarded-proto": said, b"x-forwarded-host": said})

    assert found.address


def scope(client: tuple[str, int] | None, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"client": client, "scheme": "http", "headers": [(b"host", b"own.test"), *headers]}


FORWARDED = (
    (b"x-forwarded-for", b"1.1.1.1"),
    (b"x-forwarded-for", b"203.0.113.9"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-host", b"shop.test"),
    (b"accept", b"*/*"),
)


def test_an_asgi_scope_is_made_to_say_who_is_behind_a_proxy() -> None:
    asked = scope(("10.0.0.1", 5), *FORWARDED)

    visitor = introduce(asked, PROXIES)

    assert visitor == Visitor("203.0.113.9", secure=True, host=b"shop.test")
    assert asked["client"] == ("203.0.113.9", 0)
    assert asked["scheme"] == "https"
    assert [value for name, value in asked["headers"] if name == b"host"] == [b"shop.test"]


@pytest.mark.parametrize("client", [("203.0.113.1", 5), None])
def test_a_stranger_speaks_for_nobody_else(client: tuple[str, int] | None) -> None:
    asked = scope(client, *FORWARDED)

    visitor = introduce(asked, PROXIES)

    assert visitor == Visitor(client[0] if client else "")
    assert asked == scope(client, *FORWARDED)
    assert NOBODY.visitor(visitor, {b"x-forwarded-for": b"1.1.1.1"}) is visitor


def test_a_proxy_that_names_no_host_leaves_the_requests_own() -> None:
    asked = scope(("10.0.0.1", 5), (b"x-forwarded-proto", b"http"))

    assert introduce(asked, PROXIES) == PEER
    assert asked["headers"][0] == (b"host", b"own.test")
    assert asked["scheme"] == "http"
