"""Where visitors are, and what rules make of it over every lane."""

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from appliance.countries import Countries, NoCountries
from appliance.proxies import Proxies
from appliance.serving.abilities import Abilities
from appliance.serving.visitor import COUNTRY_HEADERS, Reception, Visitor
from appliance.settings_sources import BadSettings, load
from appliance.units import COUNTRY_HEADERS as KNOWN_TO_SETTINGS
from tests.builders import appliance, deployed, zip_of
from tests.cast import ALICE, OLGA
from tests.serving.lanes import LANES, Lane, Plane, Wiring, running, wait_until
from tests.serving.ruled import ruled
from tests.serving.visitors import Http1

FILES = {
    "index.html": "home",
    "de.html": "hallo",
    "_redirects": "/ /de 302! Country=de,at\n/de-only /de 200 Country=DE",
}
PRIVATE = "private, max-age=0, must-revalidate"


def geoip(path: Path, **networks: str) -> Path:
    """A file that says which network is in which country."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Test-Country")
    for code, network in networks.items():
        writer.insert_network(IPSet([network]), {"country": {"iso_code": code}})
    beside = path.with_suffix(".new")
    writer.to_db_file(str(beside))
    return beside.replace(path)


def test_a_file_tells_countries_by_address(tmp_path: Path) -> None:
    countries = Countries(geoip(tmp_path / "geo.mmdb", DE="192.0.2.0/24", FR="2001:db8::/32"))

    told = {
        address: countries.of(Visitor(address)) for address in ("192.0.2.9", "2001:db8::1", "198.51.100.1", "", "x")
    }

    assert told == {"192.0.2.9": "DE", "2001:db8::1": "FR", "198.51.100.1": "", "": "", "x": ""}


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"country": {"iso_code": "de"}}, "DE"),
        ({"country_code": "DE", "country": "Germany"}, "DE"),
        ({"country": "DE"}, "DE"),
        ({"country": {"names": {}}}, ""),
        ({"city": "x"}, ""),
        ("DE", ""),
    ],
)
def test_records_of_every_maker_are_understood(tmp_path: Path, record: Any, code: str) -> None:
    writer = MMDBWriter(ip_version=4)
    writer.insert_network(IPSet(["192.0.2.0/24"]), record)
    writer.to_db_file(str(tmp_path / "geo.mmdb"))

    assert Countries(tmp_path / "geo.mmdb").of(Visitor("192.0.2.1")) == code


def test_what_the_proxy_says_goes_before_the_file(tmp_path: Path) -> None:
    countries = Countries(geoip(tmp_path / "geo.mmdb", DE="192.0.2.0/24"))

    assert countries.of(Visitor("192.0.2.1", country="FR")) == "FR"


def test_a_file_that_changed_is_read_again_and_a_broken_one_is_not_used(tmp_path: Path) -> None:
    path, visitor = tmp_path / "geo.mmdb", Visitor("192.0.2.1")
    countries = Countries(geoip(path, DE="192.0.2.0/24"))
    told = [countries.of(visitor)]

    for change in (lambda: geoip(path, FR="192.0.2.0/24"), lambda: path.write_bytes(b"half"), path.unlink):
        change()
        countries.look()
        told.append(countries.of(visitor))

    assert told == ["DE", "FR", "FR", "FR"]


def test_a_file_is_looked_at_while_the_server_runs(tmp_path: Path) -> None:
    countries = Countries(geoip(tmp_path / "geo.mmdb", DE="192.0.2.0/24"), look_seconds=0.01)
    countries.start()
    geoip(tmp_path / "geo.mmdb", FR="192.0.2.0/24")
    try:
        wait_until(lambda: countries.of(Visitor("192.0.2.1")) == "FR", 30)
    finally:
        countries.stop()


@pytest.mark.parametrize("content", [None, b"nonsense"])
def test_a_file_that_cannot_be_used_stops_the_start_and_says_why(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "geo.mmdb").write_bytes(content)

    with pytest.raises(NoCountries, match=r"geo\.mmdb \(geoip_file\) cannot be used"):
        Countries(tmp_path / "geo.mmdb")


@pytest.mark.parametrize(
    ("said", "country"),
    [(b"DE", "DE"), (b"de", "DE"), (b"FR, DE", "DE"), (b"XX", ""), (b"T1", ""), (b"Germany", ""), (b"", "")],
)
def test_a_trusted_proxys_header_is_two_letters_or_nothing(said: bytes, country: str) -> None:
    proxies = Proxies((ip_network("127.0.0.0/8"),), "CF-IPCountry")

    assert proxies.visitor(Visitor("127.0.0.1"), {b"cf-ipcountry": said}).country == country
    assert proxies.visitor(Visitor("127.0.0.1"), {b"x-country-code": b"DE"}).country == ""


def test_settings_and_lanes_know_the_same_headers() -> None:
    assert [name.lower().encode() for name in KNOWN_TO_SETTINGS] == list(COUNTRY_HEADERS)


def test_a_country_header_needs_a_proxy_to_come_from(tmp_path: Path) -> None:
    environment = {"DROPDOCK_DATA": str(tmp_path), "DROPDOCK_COUNTRY_HEADER": "cf-ipcountry"}

    with pytest.raises(BadSettings, match="trusted_proxies"):
        load(environment=environment)
    with pytest.raises(BadSettings, match="one of: CF-IPCountry"):
        load(environment=environment | {"DROPDOCK_COUNTRY_HEADER": "X-Anything"})
    assert load(environment=environment | {"DROPDOCK_TRUSTED_PROXIES": "10.0.0.0/8"}).country_header == "CF-IPCountry"


# ── over every lane


@pytest.fixture(scope="module")
def planes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Plane]]:
    """Behind a proxy that is trusted, and one where visitors of 127.0.0.1 come themselves, by a file from Austria."""
    folder = tmp_path_factory.mktemp("countries")
    countries = Countries(geoip(folder / "geo.mmdb", AT="127.0.0.0/8", DE="192.0.2.0/24", FR="198.51.100.0/24"))
    proxies = Proxies((ip_network("127.0.0.0/8"),), "CF-IPCountry")
    behind = Wiring(reception=Reception(proxies=proxies, countries=countries))
    with running(behind) as trusted, running(Wiring(reception=Reception(countries=countries))) as direct:
        planes = {"behind": trusted, "direct": direct}
        for plane in planes.values():
            plane.put("site.localhost", ruled(folder, FILES, abilities=Abilities(countries=True)))
        yield planes


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
@pytest.mark.parametrize(
    ("plane", "headers", "location"),
    [
        ("direct", {}, "/de"),
        ("direct", {"CF-IPCountry": "FR", "X-Forwarded-For": "198.51.100.1"}, "/de"),
        ("direct", {"Cookie": "nf_country=fr"}, None),
        ("behind", {"X-Forwarded-For": "192.0.2.1"}, "/de"),
        ("behind", {"X-Forwarded-For": "198.51.100.1"}, None),
        ("behind", {"X-Forwarded-For": "198.51.100.1", "CF-IPCountry": "DE"}, "/de"),
        ("behind", {"X-Forwarded-For": "192.0.2.1", "CF-IPCountry": "fr"}, None),
        ("behind", {"X-Forwarded-For": "198.51.100.1", "Cookie": "nf_country=at"}, "/de"),
    ],
)
def test_a_rule_for_a_country_is_for_visitors_from_there(
    planes: dict[str, Plane], lane: Lane, plane: str, headers: dict[str, str], location: str | None
) -> None:
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    with lane(planes[plane].port) as visitor:
        answer, rewritten = visitor.get(b"/", *sent), visitor.get(b"/de-only", *sent)

    assert (answer.status, answer.headers.get("location")) == ((302, location) if location else (200, None))
    assert (answer.headers["vary"], answer.headers["cache-control"]) == ("cookie", PRIVATE)
    assert rewritten.headers["vary"] == "cookie"


def test_an_answer_for_one_country_is_not_given_again_to_another(planes: dict[str, Plane]) -> None:
    """The same head, byte for byte, from two addresses: the second network is in no country."""
    statuses = set()
    with Http1(planes["direct"].port) as visitor:
        for _ in range(3):
            statuses.add(visitor.get(b"/").status)

    assert statuses == {302}
    assert len(planes["direct"].door.memory[False]) == 0


# ── as a whole


@pytest.mark.parametrize("able", [True, False])
async def test_a_site_asks_for_countries_where_the_operator_has_set_that_up(tmp_path: Path, able: bool) -> None:
    data = tmp_path / "data"
    data.mkdir()
    geoip(data / "geo.mmdb", DE="127.0.0.0/8")
    async with (
        appliance(data, (OLGA, ALICE), geoip_file="geo.mmdb" if able else "") as server,
        server.client(ALICE) as client,
    ):
        facts = await deployed(client, "shop", zip_of(FILES))
        answer = await server.fetch("shop.localhost")
        asked = {"url": "http://shop.localhost/", "country": "at"}
        explained = (await client.get("/api/v1/sites/shop/explain", params=asked)).json()

    assert [problem["code"] for problem in facts["problems"]] == ([] if able else ["rule_inert", "rule_inert"])
    assert answer.status_code == (302 if able else 200)
    assert "vary" not in answer.headers or able
    assert explained["status"] == (302 if able else 200)
