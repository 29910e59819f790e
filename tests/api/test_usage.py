"""What sites and accounts take of the disk, over the API: held against the store itself."""

from pathlib import Path

import httpx
import pytest

from tests.builders import appliance, deployed, page, zip_of
from tests.cast import ADAM, ALICE, BOB, OLGA

PEOPLE = (OLGA, ADAM, ALICE, BOB)
SHARED = "shared by all of them " * 200


def content(text: str, site: str = "") -> bytes:
    own = {f"{text}.txt": f"{text} " * 300, "site.txt": site}
    return zip_of({"index.html": page(text), "shared.txt": SHARED, **own})


def on_disk(data: Path) -> int:
    """Bytes of all content and manifests."""
    places = [*(data / "blobs").glob("??/*"), *(data / "manifests").glob("[0-9a-f]*")]
    return sum(path.stat().st_size for path in places)


async def test_an_accounts_figure_is_what_its_sites_take_of_the_disk(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with appliance(data, PEOPLE, best_variants=False) as server, server.client(ALICE) as alice:
        for site, text in (("shop", "one"), ("shop", "two"), ("blog", "three")):
            await deployed(alice, site, content(text, site))

        found = (await alice.get("/api/v1/usage")).json()
        shop, blog = [(await alice.get(f"/api/v1/sites/{name}/usage")).json() for name in ("shop", "blog")]

    assert found["bytes"] == on_disk(data)
    assert found["apart"] == shop["bytes"] + blog["bytes"] > found["bytes"]
    assert shop["bytes"] + blog["alone"] == found["bytes"]
    assert 0 < shop["once"] < shop["alone"] < shop["bytes"]
    assert (shop["deploys"], blog["deploys"], shop["unreadable"], found["count"]) == (2, 1, 0, 2)
    assert found["sites"] == [
        {"site": each["site"], "bytes": each["bytes"], "deleted": False} for each in (shop, blog)
    ]  # fmt: skip


async def test_a_deleted_site_counts_until_it_is_gone_for_good(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", PEOPLE, best_variants=False) as server, server.client(ALICE) as alice:
        await deployed(alice, "shop", content("one"))
        before = (await alice.get("/api/v1/usage")).json()
        await alice.delete("/api/v1/sites/shop")

        deleted = (await alice.get("/api/v1/usage")).json()
        await alice.delete("/api/v1/deleted-sites/shop")
        after = (await alice.get("/api/v1/usage")).json()

    assert deleted["bytes"] == before["bytes"]
    assert [site["deleted"] for site in deleted["sites"]] == [True]
    assert (after["bytes"], after["count"]) == (0, 0)


@pytest.mark.parametrize(("asking", "status"), [(OLGA, 200), (ADAM, 200), (ALICE, 200), (BOB, 403)])
async def test_an_accounts_figure_is_for_itself_admins_and_operators(
    tmp_path: Path, asking: object, status: int
) -> None:
    async with appliance(tmp_path / "data", PEOPLE) as server, server.client(asking) as client:  # type: ignore[arg-type]
        answer: httpx.Response = await client.get(f"/api/v1/accounts/{server.actors[ALICE.email].id}/usage")

    assert answer.status_code == status
