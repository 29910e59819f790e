"""Sites that are not for everybody: their passwords, share links and tokens for automation, and what these open."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from tortoise.transactions import in_transaction

from appliance import audit, sites
from appliance.access import Access
from appliance.actor import Actor
from appliance.addresses import Addresses
from appliance.errors import Conflict, Invalid, Limit, NotFound
from appliance.live import LiveSites
from appliance.models.gate import ShareLink, SiteGate
from appliance.models.site import Site
from appliance.passwords import LONGEST
from appliance.serving.entrances import Covers
from appliance.serving.sign_in_pages import ACTION

BYPASS_PREFIX = "ddb_"  # lets people and secret scanners see what it is
MOST_LINKS = 1_000  # of a site at a time: each stands in memory
SHORTEST, LONGEST_LIFE = timedelta(minutes=1), timedelta(days=366)
LABEL_LENGTH = 100  # characters
ID_BYTES = 6  # of a share link: told apart, never guessed, for the link is signed
COVERS: tuple[Covers, ...] = ("nothing", "previews", "everything")


@dataclass(frozen=True, slots=True)
class ChangeGate:
    """What of a gate is to change; None leaves it. An empty password takes the password away."""

    covers: Covers | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class NewLink:
    """A share link to be made: how long it is good, in seconds, what for, and the path it leads to."""

    lifetime: float
    label: str = ""
    path: str = "/"


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """A share link as its owner sees it later: not the link itself, which is shown once."""

    id: str
    label: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A share link just made."""

    url: str
    facts: LinkFacts


@dataclass(frozen=True, slots=True)
class GateFacts:
    """A site's gate; `forced` says that the operator has put one before every site, whatever this one covers."""

    covers: Covers
    has_password: bool
    has_bypass: bool
    forced: bool
    changed_at: datetime | None
    links: list[LinkFacts]


class Gates:
    """The gates of this installation. What a change answers with is in force for every visitor by then."""

    def __init__(self, access: Access, addresses: Addresses, live: LiveSites) -> None:
        self._access = access
        self._addresses = addresses
        self._live = live
        self._entrances = live.entrances
        self._changing = asyncio.Lock()  # rows and entrances change in the same order, whoever changes them

    async def load(self) -> None:
        """Put every gate in place; before the first visitor."""
        links: dict[int, list[ShareLink]] = {}
        for link in await ShareLink.filter(expires_at__gt=self._access.now()):
            links.setdefault(link.site_id, []).append(link)
        for row in await SiteGate.all().select_related("site"):
            self._put(row, row.site.name, links.get(row.site_id, []))

    async def get(self, actor: Actor, site: str) -> GateFacts:
        """A site's gate; NotFound when there is no such site."""
        return await self._facts(await sites.find(actor, site))

    async def change(self, actor: Actor, site: str, change: ChangeGate) -> GateFacts:
        """Set what it covers, or its password, which ends the sessions of visitors; NotFound, Invalid.

        A password for a gate that covers nothing makes it cover everything, unless it is said what it shall cover.
        """
        row = await sites.find(actor, site)
        values: dict[str, Any] = {}
        if change.password is not None:
            values = {"version": secrets.token_hex(16), "password": await self._hashed(change.password)}
        covers = change.covers

        async def apply(gate: SiteGate) -> None:
            opens = covers is None and values.get("password") and gate.covers == "nothing"
            await self._save(
                gate, **values, **({"covers": "everything" if opens else covers} if opens or covers else {})
            )

        told: dict[str, str] = {"covers": covers} if covers else {}
        if change.password is not None:
            told["password"] = "set" if change.password else "removed"
        await self._changed(row, apply, audit.told(actor, "gate.change", row, **told))
        return await self._facts(row)

    async def share(self, actor: Actor, site: str, new: NewLink) -> MadeLink:
        """Make a link that lets in whoever has it; NotFound, Invalid, Conflict when there are too many."""
        row = await sites.find(actor, site)
        _check_link(new)
        ends = self._access.now().replace(microsecond=0) + timedelta(seconds=new.lifetime)
        name = secrets.token_hex(ID_BYTES)

        async def add(_: SiteGate) -> None:
            await ShareLink.filter(site=row, expires_at__lte=self._access.now()).delete()
            if await ShareLink.filter(site=row).count() >= MOST_LINKS:
                raise Conflict(f"{site} has {MOST_LINKS} share links: take some back first.", code="too_many_links")
            await ShareLink.create(id=name, site=row, author_id=actor.id, label=new.label.strip(), expires_at=ends)

        label = new.label.strip()
        await self._changed(row, add, audit.told(actor, "gate.link", row, link=name, label=label))
        return MadeLink(self._url(row.name, name, ends, new.path), _link_facts(await ShareLink.get(id=name)))

    async def revoke(self, actor: Actor, site: str, link: str) -> None:
        """Take a share link back, with the sessions it made; NotFound."""
        row = await sites.find(actor, site)
        found = ShareLink.filter(site=row, id=link if len(link) <= 2 * ID_BYTES else "")

        async def remove(_: SiteGate) -> None:
            if not await found.delete():
                raise NotFound(f"{site} has no share link {link!r}.", code="no_such_link")

        await self._changed(row, remove, audit.told(actor, "gate.link.delete", row, link=link))

    async def make_bypass(self, actor: Actor, site: str) -> str:
        """Make the token with which automation passes the gate, in place of the one before; NotFound."""
        row = await sites.find(actor, site)
        token = BYPASS_PREFIX + secrets.token_urlsafe(32)
        digest = hashlib.sha256(token.encode()).hexdigest()
        told = audit.told(actor, "gate.bypass", row)
        await self._changed(row, lambda gate: self._save(gate, bypass=digest), told)
        return token

    async def remove_bypass(self, actor: Actor, site: str) -> None:
        """Take the token for automation away; NotFound when there is no such site."""
        row = await sites.find(actor, site)
        told = audit.told(actor, "gate.bypass.delete", row)
        await self._changed(row, lambda gate: self._save(gate, bypass=None), told)

    async def _changed(
        self, site: Site, apply: Callable[[SiteGate], Coroutine[Any, Any, None]], told: audit.Told
    ) -> None:
        """Change rows, durably, with an entry of the audit log, then what visitors meet."""
        async with self._changing:
            async with in_transaction():
                gate = await SiteGate.get_or_none(site=site) or await SiteGate.create(
                    site=site, covers="nothing", version=secrets.token_hex(16), changed_at=self._access.now()
                )
                await apply(gate)
                await told()
            row = await SiteGate.get_or_none(site_id=site.id)
            if row is None:
                return  # removed with its site meanwhile
            self._put(row, site.name, await self._links(site.id))
            await self._live.regate(site.name)

    async def _save(self, gate: SiteGate, **values: object) -> None:
        if values:
            await SiteGate.filter(site_id=gate.site_id).update(**values, changed_at=self._access.now())

    def _put(self, row: SiteGate, site: str, links: list[ShareLink]) -> None:
        shares = {link.id: int(link.expires_at.timestamp()) for link in links}
        gate = self._entrances.make(site, row.version, row.password, shares, bytes.fromhex(row.bypass or ""))
        covers = next(known for known in COVERS if known == row.covers)
        self._entrances.put(covers, gate)

    def _url(self, site: str, link: str, ends: datetime, path: str) -> str:
        gate = self._entrances.make(site, "", None, {}, b"")
        secret = gate.share_link(link, int(ends.timestamp()))
        to = f"&next={quote(path, safe='')}" if path != "/" else ""
        host = self._addresses.url(self._addresses.site_host(site))
        return f"{host.removesuffix('/')}{ACTION}?share={secret}{to}"

    async def _links(self, site: int) -> list[ShareLink]:
        return await ShareLink.filter(site_id=site, expires_at__gt=self._access.now()).order_by("created_at", "id")

    async def _facts(self, site: Site) -> GateFacts:
        gate = await SiteGate.get_or_none(site=site)
        links = [_link_facts(link) for link in await self._links(site.id)]
        covers: Covers = next((known for known in COVERS if gate and known == gate.covers), "nothing")
        return GateFacts(
            covers=covers,
            has_password=gate is not None and gate.password is not None,
            has_bypass=gate is not None and gate.bypass is not None,
            forced=self._entrances.force,
            changed_at=gate.changed_at if gate else None,
            links=links,
        )

    async def _hashed(self, password: str) -> str | None:
        if not password:
            return None
        least = self._access.settings.password_length
        if not least <= len(password) <= LONGEST or any("\ud800" <= each <= "\udfff" for each in password):
            fault = f"has {least} to {LONGEST:,} characters"
            limit = Limit("password_length", str(least))
            raise Invalid(f"A site's password {fault}.", code="bad_password", limit=limit, fields={"password": fault})
        return await self._access.passwords.hash(password)


def _check_link(new: NewLink) -> None:
    faults = {}
    if not SHORTEST.total_seconds() <= new.lifetime <= LONGEST_LIFE.total_seconds():
        faults["lifetime"] = "is a minute at least, and 366 days at most"
    if len(new.label.strip()) > LABEL_LENGTH or not new.label.isprintable():
        faults["label"] = f"has at most {LABEL_LENGTH} printable characters"
    if not new.path.startswith("/") or not new.path.isascii() or not new.path.isprintable() or " " in new.path:
        faults["path"] = "begins with a slash, and is spelled as in an address"
    if faults:
        name, fault = next(iter(faults.items()))
        raise Invalid(f"A share link's {name} {fault}.", code="bad_link", fields=faults)


def _link_facts(link: ShareLink) -> LinkFacts:
    return LinkFacts(link.id, link.label, link.created_at, link.expires_at)
