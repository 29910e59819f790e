"""Builds that end before their time, through the whole server: their site is removed, or nobody answers."""

import asyncio
from pathlib import Path

import pytest

from appliance.units import Span
from tests.builders import appliance, deployed, finished, uploaded, zip_of
from tests.cast import ALICE, OLGA
from tests.test_builds import FOREVER, HUGO, begun, building, cache, left_of, recognised

__all__ = ["cache"]  # a fixture


@pytest.mark.needs("bubblewrap")
async def test_removing_a_site_ends_its_build_and_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    data = tmp_path / "data"
    async with building(data, cache, build_commands=(FOREVER,)) as (server, client):
        deploy = await begun(client, "shop")
        waiting = (await uploaded(client, "shop", zip_of(HUGO), draft="true"))["id"]
        await recognised(client, waiting)
        assert left_of(data) != []

        assert (await client.delete("/api/v1/sites/shop")).status_code == 204

        assert (left_of(data), server.parts.deploys.under_way) == ([], {})
        for gone in (deploy, waiting):
            assert (await client.get(f"/api/v1/deploys/{gone}")).status_code == 404


async def test_removing_a_site_takes_its_question_back(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with appliance(data, (OLGA, ALICE)) as server, server.client(ALICE) as client:
        asking = await deployed(client, "shop", zip_of(HUGO))
        refused = await client.delete(f"/api/v1/deploys/{asking['id']}")
        await client.delete("/api/v1/sites/shop")

        assert (refused.status_code, refused.json()["code"]) == (409, "not_ready")
        assert (left_of(data), server.parts.deploys.under_way) == ([], {})


async def test_a_question_that_nobody_answers_ends_and_its_content_is_removed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with appliance(data, (OLGA, ALICE), question_age=3600) as server, server.client(ALICE) as client:
        asking = await deployed(client, "shop", zip_of(HUGO))
        await server.parts.jobs.end_questions()
        still = (await client.get(f"/api/v1/deploys/{asking['id']}")).json()["state"]
        kept = left_of(data)
    async with appliance(data, before=server, question_age=Span(0.01)) as server, server.client(ALICE) as client:
        async with asyncio.timeout(30):
            while (facts := await finished(client, asking["id"]))["state"] == "asking":  # noqa: ASYNC110 - the server acts
                await asyncio.sleep(0.05)
        answer = await client.post(f"/api/v1/deploys/{asking['id']}/answer", json={"generator": "hugo"})

        assert (still, kept) == ("asking", [asking["id"]])
        assert (facts["state"], facts["error"]["code"]) == ("failed", "unanswered")
        assert facts["error"]["limit"] == {"name": "question_age", "value": "10ms"}
        assert (left_of(data), answer.status_code) == ([], 409)
