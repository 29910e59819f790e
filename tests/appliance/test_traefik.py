"""What Traefik is told: only with the token, only of hosts that lead somewhere, and in the shape it takes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from appliance.addresses import Addresses
from appliance.settings import Settings
from appliance.settings_sources import BadSettings, load
from appliance.traefik import Traefik
from appliance.units import networks
from tests.builders import Appliance, appliance, deployed, page, zip_of
from tests.cast import OLGA

TOKEN = "t" * 40
BASE = "sites.example.org"
ADDRESSES = Addresses(BASE, f"admin.{BASE}", "https", 443)
NAMES = {"type": "array", "items": {"type": "string"}, "minItems": 1}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


# Of Traefik 3's dynamic configuration, the parts that are used: a field that Traefik does not know fails all of it.
DOMAIN = closed(["main"], main={"type": "string"}, sans=NAMES)
TLS = closed(["certResolver"], certResolver={"type": "string"}, domains={"type": "array", "items": DOMAIN})
ROUTER = closed(
    ["rule", "service"],
    rule={"type": "string", "pattern": r"^Host(Regexp)?\(`[^`]+`\)$"},
    service={"type": "string"},
    entryPoints=NAMES,
    tls=TLS,
)
SERVER = closed(["url"], url={"type": "string", "pattern": "^https?://[^/]+$"})
BALANCER = closed(["servers"], servers={"type": "array", "items": SERVER}, passHostHeader={"type": "boolean"})
SERVICE = closed(["loadBalancer"], loadBalancer=BALANCER)
SHAPE = closed(
    ["http"],
    http=closed(
        ["routers", "services"],
        routers={"type": "object", "additionalProperties": ROUTER, "minProperties": 1},
        services={"type": "object", "additionalProperties": SERVICE, "minProperties": 1},
    ),
)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance(tmp_path / "data", traefik_token=TOKEN) as running:
        yield running


async def ask(server: Appliance, token: str | None = TOKEN, host: str = "localhost") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}".encode()} if token else {}
    return await server.fetch(host, "/traefik/config", headers=headers)


def told(hosts: list[str], **changes: Any) -> dict[str, Any]:
    return Traefik(Settings(traefik_token=TOKEN, **changes), ADDRESSES, lambda: hosts).configuration()


async def test_without_a_token_set_there_is_no_such_address(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data") as server:
        assert (await ask(server, "")).status_code == 404


@pytest.mark.parametrize("token", [None, "", "t" * 39, "t" * 41, "ü" * 40])  # the last one is no ASCII
async def test_whoever_has_another_token_or_none_is_told_nothing(server: Appliance, token: str | None) -> None:
    answer = await ask(server, token)

    assert answer.status_code == 401
    assert "routers" not in answer.text


async def test_a_personal_token_is_another_one(server: Appliance) -> None:
    assert (await ask(server, server.tokens[OLGA.email])).status_code == 401


async def test_hosts_are_listed_once_something_is_live_there(server: Appliance) -> None:
    async with server.client(OLGA) as client:
        await client.post("/api/v1/sites", json={"name": "empty"})
        draft = await deployed(client, "drafts", zip_of({"index.html": page("draft")}), draft="true")
        await deployed(client, "blog", zip_of({"index.html": page("blog")}))
        alias = await client.put("/api/v1/sites/blog/aliases/staging", json={"deploy": "1"})
        assert alias.status_code < 300, alias.text

    routers = (await ask(server)).json()["http"]["routers"]

    assert draft["state"] == "ready"
    assert routers.keys() == {"admin", "blog.localhost", "staging--blog.localhost"}
    assert routers["blog.localhost"]["rule"] == "Host(`blog.localhost`)"


async def test_a_site_that_is_gone_is_gone_here(server: Appliance) -> None:
    async with server.client(OLGA) as client:
        await deployed(client, "blog", zip_of({"index.html": page("blog")}))
        before = (await ask(server)).json()["http"]["routers"]
        gone = await client.request("DELETE", "/api/v1/sites/blog", params={"confirm": "blog"})

    assert "blog.localhost" in before
    assert gone.status_code == 204, gone.text
    assert (await ask(server)).json()["http"]["routers"].keys() == {"admin"}


async def test_the_address_on_a_sites_host_is_the_sites(server: Appliance) -> None:
    async with server.client(OLGA) as client:
        await deployed(client, "blog", zip_of({"index.html": "", "traefik/config": "the site's own"}))

    assert (await ask(server, host="blog.localhost")).text == "the site's own"


async def test_traefik_is_not_sent_to_https(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"https_redirect": True, "trusted_proxies": networks("127.0.0.1/32")}
    async with appliance(tmp_path / "data", traefik_token=TOKEN, **changes) as server:
        answer = await ask(server)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("certificates", ["each", "wildcard"])
def test_it_has_the_shape_that_traefik_takes(certificates: str) -> None:
    configuration = told([f"blog.{BASE}", f"staging--blog.{BASE}"], traefik_certificates=certificates)

    jsonschema.validate(configuration, SHAPE)
    http = configuration["http"]
    assert {router["service"] for router in http["routers"].values()} == http["services"].keys()


def test_one_certificate_covers_the_base_and_all_below_it() -> None:
    (router,) = told(["blog." + BASE], traefik_certificates="wildcard")["http"]["routers"].values()

    assert router["rule"] == r"HostRegexp(`^[a-z0-9-]+\.sites\.example\.org$`)"
    assert router["tls"]["domains"] == [{"main": BASE, "sans": [f"*.{BASE}"]}]


def test_a_token_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(BadSettings, match=r"traefik_token has to have 32 characters or more.*not the value given"):
        load(environment={"DROPDOCK_TRAEFIK_TOKEN": "secret"})
