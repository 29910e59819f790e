"""A page asks the database as often for many rows as for few."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from appliance.models.account import Account, PersonalToken
from appliance.models.audit import AuditEntry
from appliance.models.build import SiteVariable
from appliance.models.deploy import Alias, Deploy, Live, Publication, PublishingLock
from appliance.models.gate import ShareLink, SiteGate
from appliance.models.site import Member, Site
from tests.admin_ui.desk import Desk
from tests.admin_ui.queries import queries
from tests.builders import Appliance, page
from tests.cast import OLGA

pytestmark = pytest.mark.asyncio(loop_scope="session")

FEW, MANY = 3, 60
LISTS = (
    "/",
    "/sites/rows",
    "/sites/rows/deploys",
    "/sites/rows/settings",
    "/sites/rows/builds",
    "/sites/rows/gate",
    "/people",
    "/history",
    "/account",
    "/system",
    "/queue",
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def asked(server: Appliance) -> AsyncIterator[dict[str, tuple[int, int]]]:
    """How often each page asked, with few rows of everything and with many."""
    async with Desk.of(server, OLGA) as olga:
        made = await olga.deploy("rows", {"index.html": page("rows")})
        owner, site = server.actors[OLGA.email].id, await Site.get(name="rows")
        await SiteGate.create(site=site, covers="nothing", version="1", changed_at=datetime.now(UTC))
        await add(owner, site, made["id"], range(FEW))
        few = await counts(olga)
        await add(owner, site, made["id"], range(FEW, MANY))
        many = await counts(olga)
    yield {path: (few[path], many[path]) for path in LISTS}


@pytest.mark.parametrize("path", LISTS)
async def test_many_rows_ask_no_more_than_few(asked: dict[str, tuple[int, int]], path: str) -> None:
    few, many = asked[path]

    assert few == many > 0


async def counts(desk: Desk) -> dict[str, int]:
    found = {}
    for path in LISTS:
        await desk.page(path)  # what is read once is read here
        with queries() as asked:
            await desk.page(path)
        found[path] = len(asked)
    return found


async def add(owner: int, site: Site, like: str, numbers: range) -> None:
    """One more of everything a list may show, for each number."""
    content = await Deploy.get(id=like)
    end = datetime.now(UTC) + timedelta(days=1)
    for number in numbers:
        other = await Site.create(name=f"rows-{number}", owner_id=owner, last_number=1)
        deploy = await Deploy.create(id=f"o{number}", site=other, number=1, state="ready", author_id=owner)
        await Live.create(site=other, deploy=deploy)
        await Publication.create(site=other, deploy=deploy, kind="deploy")
        await PublishingLock.create(site=other, account_id=owner)
        await Deploy.create(id=f"q{number}", site=other, number=2, state="asking", author_id=owner)
        version = await Deploy.create(
            id=f"d{number}",
            site=site,
            number=number + 2,
            state="ready",
            author_id=owner,
            manifest=content.manifest,
            problems=[{"code": "x", "message": "Something"}],
        )
        await Alias.create(site=site, name=f"a{number}", deploy=version, moved_at=end)
        person = await Account.create(email=f"p{number}@example.org", role="user")
        await Member.create(site=site, account=person)
        await PersonalToken.create(account_id=owner, name=f"t{number}", hash=f"{number}", hint="x")
        await AuditEntry.create(account_id=owner, who=OLGA.email, action="site.create", site=other.name)
        await SiteVariable.create(site=site, name=f"V{number}", phase="build", sealed="x")
        await ShareLink.create(id=f"l{number}", site=site, author_id=owner, expires_at=end)
