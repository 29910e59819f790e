"""Explains an address of a site to those who may see the site: from a URL and the headers a visitor would send."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from appliance import sites
from appliance.actor import Actor
from appliance.addresses import Addresses
from appliance.errors import Invalid, NotFound
from appliance.live import LiveSites
from appliance.models.deploy import Deploy
from appliance.serving.engine import Request
from appliance.serving.explain import Explanation, explain
from appliance.serving.hosts import normalise_host
from appliance.serving.release import Release
from appliance.serving.rules.conditions import COUNTRY
from appliance.serving.table import Table

BROWSER = "gzip, deflate, br, zstd"  # the Accept-Encoding that browsers send
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))  # goes into a request as it is; a browser escapes the rest


@dataclass(frozen=True, slots=True)
class Visitor:
    """What an answer may depend on: headers as a visitor sends them, and where they are; "" for what is not there."""

    accept_encoding: str = ""
    language: str = ""
    cookie: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer at an address, and the deploy it comes from; `preview` says that it is a deploy's own address."""

    deploy: str
    number: int
    preview: bool
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class _Place:
    """Whose address it is, and what of it a browser sends."""

    host: str
    target: bytes
    secure: bool


class Explainer:
    """Explains what the engine answers. Used on the event loop only."""

    def __init__(self, addresses: Addresses, table: Table, live: LiveSites) -> None:
        self._addresses = addresses
        self._table = table
        self._live = live

    async def explain(self, actor: Actor, site: str, url: str, visitor: Visitor) -> Explained:
        """Why a GET of this URL is answered as it is, behind whatever gate the site has.

        NotFound when the account may not see the site or nothing is there yet; Invalid for a URL of anything else.
        """
        await sites.find(actor, site)
        place = _read(url)
        named = self._addresses.read(place.host)
        if named is None or named.site != site:
            raise _refused(f"it is no address of {site}")
        release = await self._release(site, place.host)
        row = await Deploy.get_or_none(id=release.deploy)
        if row is None:
            raise NotFound(f"{site} has changed in the meantime: ask again.", code="no_such_deploy")
        return Explained(row.id, row.number, release.preview, explain(_request(place, visitor), release))

    async def _release(self, site: str, host: str) -> Release:
        release = self._table.find(host) or await self._live.find(host)
        if release is None:
            raise NotFound(f"{site} has nothing at {host}: no deploy of that name is ready.", code="nothing_there")
        return release


def _read(url: str) -> _Place:
    try:
        parts = urlsplit(url)
        host = normalise_host(parts.hostname or "")
    except ValueError:
        raise _refused("it cannot be read") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise _refused("use a whole address, such as http://blog.localhost:8080/about")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Place(host, quote(target, safe=_VISIBLE).encode("ascii"), parts.scheme == "https")


def _request(place: _Place, visitor: Visitor) -> Request:
    headers = _sent({b"accept-encoding": visitor.accept_encoding})
    context = _sent({b"accept-language": visitor.language, b"cookie": visitor.cookie, COUNTRY: visitor.country})
    return Request(b"GET", place.target, headers, context, place.host.encode("ascii"), place.secure)


def _sent(headers: dict[bytes, str]) -> dict[bytes, bytes]:
    return {name: value.strip().encode("utf-8") for name, value in headers.items() if value.strip()}


def _refused(why: str) -> Invalid:
    return Invalid(f"This URL cannot be explained: {why}.", fields={"url": why})
