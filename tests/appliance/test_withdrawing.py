"""Deploys whose time is over, and content that nobody made a deploy of in time."""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.deploys import Cleaning, NewDeploy
from appliance.errors import Conflict, NotFound
from appliance.models.deploy import Deploy, Publication
from appliance.parts import Parts
from appliance.sites import NewSite
from tests.appliance.listed import listing_of, made, sent, sha256
from tests.builders import appliance, page
from tests.cast import ALICE, OLGA

ONE, TWO = {"index.html": page("one")}, {"index.html": page("two")}


async def its_time_is_over(parts: Parts, deploy: str) -> None:
    """As if the clock had gone on."""
    await Deploy.filter(id=deploy).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    await parts.withdrawing.expire_due()


async def test_a_live_deploy_that_expires_makes_way_for_what_was_live_before(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", (OLGA, ALICE)) as server:
        parts, alice = server.parts, server.actors[ALICE.email]
        await parts.sites.create(alice, NewSite("shop"))
        await made(parts, alice, "shop", ONE)
        sale = await made(parts, alice, "shop", TWO, NewDeploy(expires=3600))
        await parts.aliases.set(alice, "shop", "sale", sale.id)
        assert (await server.fetch("shop.localhost")).text == page("two")
        assert (await server.fetch("sale--shop.localhost")).status_code == 200
        assert (await server.fetch(f"{sale.id}--shop.localhost")).status_code == 200

        await its_time_is_over(parts, sale.id)

        assert (await server.fetch("shop.localhost")).text == page("one")
        assert (await server.fetch("sale--shop.localhost")).status_code == 404
        assert (await server.fetch(f"{sale.id}--shop.localhost")).status_code == 404
        assert (await parts.deploys.get(alice, sale.id)).state == "expired"
        assert [str(move.kind) for move in await Publication.all().order_by("id")] == ["deploy", "deploy", "expire"]
        with pytest.raises(Conflict):
            await parts.publishing.publish(alice, "shop", sale.id)


async def test_an_only_deploy_that_expires_leaves_nothing_live(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", (OLGA, ALICE)) as server:
        parts, alice = server.parts, server.actors[ALICE.email]
        await parts.sites.create(alice, NewSite("shop"))
        only = await made(parts, alice, "shop", ONE, NewDeploy(expires=3600))

        await its_time_is_over(parts, only.id)

        assert (await server.fetch("shop.localhost")).status_code == 404
        assert (await parts.sites.get(alice, "shop")).live is None


async def test_a_deploy_expires_by_itself_and_also_while_the_server_is_stopped(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", (OLGA, ALICE)) as server:
        parts, alice = server.parts, server.actors[ALICE.email]
        await parts.sites.create(alice, NewSite("shop"))
        await made(parts, alice, "shop", ONE)
        short = await made(parts, alice, "shop", TWO, NewDeploy(expires=1))
        async with asyncio.timeout(30):
            while (await parts.deploys.get(alice, short.id)).state != "expired":  # noqa: ASYNC110 - the clock's doing
                await asyncio.sleep(0.05)
        long = await made(parts, alice, "shop", TWO, NewDeploy(expires=3600))
        await Deploy.filter(id=long.id).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))

    async with appliance(tmp_path / "data", before=server) as again:
        assert (await again.fetch("shop.localhost")).text == page("one")
        assert (await again.parts.deploys.get(alice, long.id)).state == "expired"


async def test_content_that_no_deploy_was_made_of_in_time_is_removed(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", (OLGA, ALICE)) as server:
        parts, alice = server.parts, server.actors[ALICE.email]
        await parts.sites.create(alice, NewSite("shop"))
        old, new = NewDeploy(), NewDeploy()
        await parts.listings.begin(alice, "shop", old, listing_of(ONE))
        await sent(parts, alice, "old", "new", "needed")
        pending = parts.contents.of(alice.id)
        long_ago = time.time() - 7200
        for path in (
            pending.path(sha256("old").value),
            pending.path(sha256("needed").value),
            pending.listings / old.id,
        ):
            os.utime(path, (long_ago, long_ago))
        await parts.listings.begin(alice, "shop", new, listing_of(TWO))
        folder = parts.contents.folder
        folder.listed("waiting").write_text(
            f'{{"account": {alice.id}, "exact": true, "files": [["a", "{sha256("needed").value}", 6]]}}'
        )

        gone = await Cleaning(folder, parts.contents, 3600).clean()

        assert gone == 2
        assert pending.sizes().keys() == {sha256("new").value, sha256("needed").value}
        with pytest.raises(NotFound):
            await parts.listings.get(alice, old.id)
        assert (await parts.listings.get(alice, new.id)).id == new.id
        folder.listed("waiting").unlink()


async def test_a_deploy_under_way_cannot_be_deleted(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", (OLGA, ALICE)) as server:
        parts, alice = server.parts, server.actors[ALICE.email]
        await parts.sites.create(alice, NewSite("shop"))
        one = await made(parts, alice, "shop", ONE)
        await Deploy.filter(id=one.id).update(state="queued")

        with pytest.raises(Conflict):
            await parts.withdrawing.delete(alice, one.id)
