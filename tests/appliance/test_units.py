"""Sizes, lengths of time, addresses and networks as people write them."""

from collections.abc import Callable
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.units import (
    Address,
    Size,
    Span,
    domain,
    folder,
    networks,
    one_of,
    optional_domain,
    switch,
    whole,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("500MB", 500_000_000),
        ("512MiB", 536_870_912),
        ("1.5GB", 1_500_000_000),
        ("32KiB", 32_768),
        ("2 tb", 2 * 10**12),
        ("0B", 0),
        ("0", 0),
        (0, 0),
    ],
)
def test_a_size_has_a_unit_of_thousands_or_of_1024(text: object, size: int) -> None:
    assert Size.parse(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1MB", "1 M", "1XB", True, "1,5GB", "٣x", "1e3"])
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is a size"):
        Size.parse(text)


@pytest.mark.parametrize("amount", [Size, Span])
@pytest.mark.parametrize("number", ["90", 90, 1.5, "0.5"])
def test_a_number_without_a_unit_is_refused_as_nobody_can_tell_of_what(
    amount: type[Size | Span], number: object
) -> None:
    with pytest.raises(ValueError, match="with its unit, such as"):
        amount.parse(number)


@pytest.mark.parametrize("written", ["500MB", "512MiB", "2GB", "32KiB", "1TiB", "1001B", "0B", "1500KB"])
def test_a_size_is_written_as_it_was_read(written: str) -> None:
    assert str(Size.parse(written)) == written


@given(st.integers(0, 2**50))
def test_any_size_written_reads_back_the_same(size: int) -> None:
    assert Size.parse(str(Size(size))) == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("15m", 900), ("1.5h", 5400), ("30d", 2_592_000), ("250ms", 0.25), ("0", 0), (0, 0)],
)
def test_a_length_of_time_has_a_unit(text: object, seconds: float) -> None:
    assert Span.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1s", "1w", False, "1 month"])
def test_what_is_no_length_of_time_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is a length of time"):
        Span.parse(text)


@pytest.mark.parametrize("written", ["30s", "15m", "12h", "30d", "250ms", "0.5ms", "1500ms", "0s", "75s"])
def test_a_length_of_time_is_written_as_it_was_read(written: str) -> None:
    assert str(Span.parse(written)) == written


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:8080", "127.0.0.1", 8080), ("[::1]:80", "::1", 80), ("localhost:0", "localhost", 0)],
)
def test_an_address_is_a_host_and_a_port(text: str, host: str, port: int) -> None:
    address = Address.parse(text)

    assert (address.host, address.port, str(address)) == (host, port, text)


@pytest.mark.parametrize("text", ["8080", "localhost", "a:b", "::1:80", "a:65536", "[::1]", "a/b:80", ""])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is an address and a port"):
        Address.parse(text)


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("example.org:1", False),
    ],
)
def test_only_this_machine_reaches_loopback(text: str, loopback: bool) -> None:
    assert Address.parse(text).is_loopback is loopback


@pytest.mark.parametrize("value", ["10.0.0.0/8, ::1/128", "10.0.0.0/8 ::1/128", ["10.0.0.0/8", "::1/128"]])
def test_networks_are_a_list_or_a_text(value: object) -> None:
    assert networks(value) == (ip_network("10.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize("value", ["home", ["::1", "x"], "10.0.0.0/33", "10.0.0.1/"])
def test_what_is_no_network_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is a list of networks"):
        networks(value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("10.0.0.1/8", "write 10.0.0.0/8 for all of it, or 10.0.0.1 for that one alone"),
        ("fd00::1/64", "write fd00::/64 for all of it, or fd00::1 for that one alone"),
    ],
)
def test_an_address_in_a_network_is_refused_with_what_may_be_meant(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        networks([text])


@pytest.mark.parametrize(
    ("value", "on"),
    [(True, True), ("on", True), ("YES", True), (1, True), (False, False), ("off", False), ("0", False)],
)
def test_a_switch_is_a_boolean_or_a_word(value: object, on: bool) -> None:
    assert switch(value) is on


@pytest.mark.parametrize(
    ("value", "clean"), [("Sites.Example.ORG.", "sites.example.org"), ("localhost", "localhost"), (" a-b.c ", "a-b.c")]
)
def test_a_domain_is_lower_cased_without_its_last_dot(value: str, clean: str) -> None:
    assert domain(value) == clean


@pytest.mark.parametrize("value", ["", "-a.org", "a-.org", "a..b", "a b", "a_b.org", "x" * 64, "a/b"])
def test_what_is_no_domain_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="is a domain name"):
        domain(value)


def test_an_optional_domain_may_be_empty() -> None:
    assert optional_domain("") == ""
    assert optional_domain("Admin.example.org") == "admin.example.org"


@pytest.mark.parametrize(
    ("parse", "value", "message"),
    [
        (switch, "maybe", "is a switch"),
        (one_of("a", "b"), "c", "is one of: a, b"),
        (whole(1, 5), 0, "from 1 to 5"),
        (whole(1, 5), 6, "from 1 to 5"),
        (whole(1, 5), True, "from 1 to 5"),
        (whole(1, 5), "2.0", "from 1 to 5"),
        (whole(1, 5), "-2", "from 1 to 5"),
        (folder, "", "is a folder"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_the_bounds(
    parse: Callable[[object], object], value: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        parse(value)


@pytest.mark.parametrize("value", [1, "5"])
def test_a_whole_number_may_be_its_bounds(value: object) -> None:
    assert whole(1, 5)(value) == int(str(value))


def test_a_folder_may_be_in_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/olga")

    assert str(folder("~/sites")) == "/home/olga/sites"
