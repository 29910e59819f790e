"""An installation in which every screen has something to show: laid out once, then served."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

import admin_ui
from appliance.data_folder import DataFolder
from appliance.models.account import RefreshToken, Session
from appliance.models.build import SiteVariable
from appliance.models.deploy import Alias, Deploy, Live, Publication
from appliance.models.gate import ShareLink, SiteGate
from appliance.models.site import Site
from appliance.safekeeping.records import BackedUp, keep
from tests.builders import Served, appliance, deployed, page, served, zip_of
from tests.cast import ALICE, BOB, EVERYBODY, Person

MIA = Person("mia@example.org", "mia has very many", "user")
SET_UP = "set-up link"
"""The path of states of an installation nobody has an account on."""

MANY = 120  # rows: more than two pages
PASSWORD = "let them in please"
SOURCE = {"mkdocs.yml": "site_name: Docs\n", "docs/index.md": "# Docs\n"}
RULES = "/old /new 301\n/bad\n"
CLIENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "curl/8.14.1",
)
FIRST, FAILED, REASON, PRINTERS = "First words", "From the old machine", "The sale is on", "The printers"
LONG = "Everything is new: the pictures, the prices, the words about us, and a page that says how to find the shop"


@dataclass
class World:
    """The served installation, the deploys of it that states ask for by what they are, and a fresh one beside it."""

    server: Served
    deploys: dict[str, str]
    beside: Path
    stack: ExitStack
    _fresh: Served | None = None

    @property
    def url(self) -> str:
        return self.server.url

    def address(self, path: str) -> str:
        """Of a state's path."""
        if path == SET_UP:
            return self.fresh()
        return self.url + re.sub(r"{(\w+)}", lambda match: self.deploys[match[1]], path)

    def fresh(self) -> str:
        """The set-up link of a server nobody has an account on; started when it is first asked for."""
        if self._fresh is None:
            self._fresh = self.stack.enter_context(served(self.beside))
        return self._fresh.set_up_link or ""


@contextmanager
def world(data: Path, sites: int = MANY) -> Iterator[World]:
    """Lay it out and serve it until the block ends; `sites` is how many Mia has."""
    with ThreadPoolExecutor(1) as aside:  # the browser's driver has a loop in this thread
        deploys = aside.submit(lambda: asyncio.run(_lay_out(data, sites))).result(120)
    with ExitStack() as stack:
        yield World(
            stack.enter_context(served(data, environment={"DROPDOCK_ACCESS_LIFETIME": "12h"})),
            deploys,
            data.with_name("fresh"),
            stack,
        )


async def _lay_out(data: Path, sites: int) -> dict[str, str]:
    async with appliance(data, (*EVERYBODY, MIA), admin=admin_ui.blueprints) as running:
        async with running.client(ALICE) as alice:
            deploys = await _blog(alice)
            deploys["asking"] = (await deployed(alice, "handbook", zip_of(SOURCE)))["id"]
            await alice.post("/api/v1/sites", json={"name": "not-yet-anything"})
            await _guarded(alice)
            await alice.post("/api/v1/sites", json={"name": "old-campaign"})
            await alice.delete("/api/v1/sites/old-campaign")
        await _many(running.actors[MIA.email].id, await Deploy.get(id=deploys["live"]), sites)
    keep(DataFolder(data).backed_up, BackedUp(datetime.now(UTC), "/mnt/backups", 5, 500, rehearsed=True))
    return deploys


async def _blog(alice: httpx.AsyncClient) -> dict[str, str]:
    """A site with a life: versions, a failed one, aliases, problems found, a member."""
    pages = {f"posts/{number}.html": page(f"Post {number}") for number in range(12)}
    first = await deployed(alice, "blog", zip_of({"index.html": page("Blog"), **pages}), message=FIRST)
    second = await deployed(
        alice, "blog", zip_of({"index.html": page("Blog, again"), "_redirects": RULES, **pages}), message=LONG
    )
    failed = await deployed(alice, "blog", zip_of({"../evil.html": page("evil")}), message=FAILED)
    await alice.put("/api/v1/sites/blog/aliases/staging", json={"deploy": first["id"]})
    await alice.put(f"/api/v1/sites/blog/members/{BOB.email}")
    return {"first": first["id"], "live": second["id"], "failed": failed["id"]}


async def _guarded(alice: httpx.AsyncClient) -> None:
    """A site behind a gate, locked, deployed from Git, built with variables."""
    deploy = await deployed(alice, "shop", zip_of({"index.html": page("Shop")}))
    answers = [
        await alice.patch("/api/v1/sites/shop/gate", json={"covers": "everything", "password": PASSWORD}),
        await alice.post("/api/v1/sites/shop/gate/links", json={"lifetime": 604800, "label": PRINTERS}),
        await alice.put("/api/v1/sites/shop/git", json={"url": "https://git.example.org/alice/shop.git"}),
        await alice.put("/api/v1/sites/shop/build/variables/API_TOKEN", json={"value": "not to be shown"}),
        await alice.put("/api/v1/sites/shop/lock", json={"reason": REASON}),
    ]
    assert [answer.text for answer in answers if not answer.is_success] == []
    assert deploy["state"] == "ready"


async def _many(owner: int, like: Deploy, sites: int) -> None:
    """Mia's sites, and a site of hers with very many deploys, all with the content of one."""
    content = {"manifest": like.manifest, "files": like.files, "bytes": like.bytes, "steps": like.steps}
    for number in range(sites):
        site = await Site.create(name=f"site-{number:03}", owner_id=owner, last_number=1)
        deploy = await Deploy.create(
            id=f"mia{number:07}", site=site, number=1, state="ready", author_id=owner, **content
        )
        await Live.create(site=site, deploy=deploy)
        await Publication.create(site=site, deploy=deploy, kind="deploy")
    now = datetime.now(UTC)
    busy = await Site.create(name="busy", owner_id=owner, last_number=MANY)
    for number in range(1, MANY + 1):
        await Deploy.create(
            id=f"busy{number:06}",
            site=busy,
            number=number,
            state="ready",
            author_id=owner,
            message=f"Try {number}",
            **content,
        )
        await Alias.create(site=busy, name=f"try-{number}", deploy_id=f"busy{number:06}", moved_at=now)
    await _crowd(owner, busy)


async def _crowd(owner: int, busy: Site) -> None:
    """Links, sign-ins and deploys that ask, more than a page holds; unreadable variables; a shut gate."""
    now = datetime.now(UTC)
    shut = await Site.create(name="busy-too", owner_id=owner, last_number=MANY)
    for site, version in ((busy, "0" * 32), (shut, "1" * 32)):
        await SiteGate.create(site=site, version=version, covers="everything", changed_at=now)
    for number in range(MANY):
        ends, label = now + timedelta(hours=number + 1), LONG[:100] if number == MANY - 1 else f"Guest {number}"
        session = await Session.create(
            account_id=owner, expires_at=now + timedelta(days=30), client=CLIENTS[number % 3]
        )
        await RefreshToken.create(session=session, hash=f"{number:064}")
        await ShareLink.create(id=f"{number:012}", site=busy, author_id=owner, label=label, expires_at=ends)
        await Deploy.create(
            id=f"asks{number:06}",
            site=shut,
            number=number + 1,
            state="asking",
            author_id=owner,
            message=f"Try {number}",
        )
    for number in range(MANY // 4):
        await SiteVariable.create(site=busy, name=f"SECRET_{number}", phase="build", sealed="no seal", changed_at=now)
