"""Names and addresses: which host means what, and what people are told to open."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.addresses import Addresses, SiteHost
from tests.builders import settings_for

LOCAL = Addresses(base="localhost", admin="localhost", scheme="http", port=8080)
PUBLIC = Addresses(base="example.org", admin="admin.example.org", scheme="https", port=443)

labels = st.from_regex(r"[a-z0-9](-?[a-z0-9]){0,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("host", "meaning"),
    [
        ("shop.localhost", SiteHost("shop")),
        ("a2b3c4d5e6--shop.localhost", SiteHost("shop", "a2b3c4d5e6")),
        ("localhost", None),
        ("127.0.0.1", None),
        ("deep.shop.localhost", None),
        ("shop.example.org", None),
        ("shop", None),
        ("", None),
    ],
)
def test_a_host_below_the_base_is_a_site_or_a_deploy(host: str, meaning: SiteHost | None) -> None:
    assert LOCAL.read(host) == meaning


@given(labels, labels)
def test_every_host_given_out_is_read_back(site: str, deploy: str) -> None:
    assert PUBLIC.read(PUBLIC.deploy_host(site, deploy)) == SiteHost(site, deploy)
    assert LOCAL.read(LOCAL.site_host(site)) == SiteHost(site)


def test_the_admin_host_is_no_site() -> None:
    assert PUBLIC.is_admin("admin.example.org")
    assert PUBLIC.read("admin.example.org") is None


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_this_machine_by_number_is_the_admin_only_where_the_base_is_localhost(host: str) -> None:
    assert LOCAL.is_admin(host)
    assert not PUBLIC.is_admin(host)


@pytest.mark.parametrize(
    ("scheme", "port", "url"),
    [
        ("http", 80, "http://shop.localhost/"),
        ("http", 8080, "http://shop.localhost:8080/"),
        ("http", 443, "http://shop.localhost:443/"),
        ("https", 443, "https://shop.localhost/"),
        ("https", 8443, "https://shop.localhost:8443/"),
    ],
)
def test_an_address_names_the_port_where_it_is_not_the_schemes_own(scheme: str, port: int, url: str) -> None:
    addresses = Addresses("localhost", "localhost", scheme, port)

    assert addresses.url(addresses.site_host("shop")) == url


def test_the_port_is_the_one_listened_on_unless_a_proxy_has_another(tmp_path: Path) -> None:
    plain = settings_for(tmp_path)
    proxied = settings_for(tmp_path, public_scheme="https", public_port=443, base="example.org")

    assert Addresses.of(plain, 8081).url("localhost") == "http://localhost:8081/"
    assert Addresses.of(proxied, 8081).url("example.org") == "https://example.org/"
