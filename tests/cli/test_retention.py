"""`dropdock retention` says what the rules would delete, also with others than the server's, and deletes nothing."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.data_folder import DataFolder
from appliance.models.deploy import Deploy
from appliance.usage import freed_by
from tests.builders import MAIN, appliance, deployed, page, zip_of
from tests.cast import ALICE, OLGA


def said(data: Path, *options: str) -> str:
    command = [sys.executable, str(MAIN), "retention", "--data", str(data), *options]
    return subprocess.run(command, timeout=60, check=True, capture_output=True, text=True).stdout


async def test_what_would_go_is_said_and_nothing_goes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with appliance(data, (OLGA, ALICE)) as server, server.client(ALICE) as client:
        for number in range(3):
            await deployed(client, "shop", zip_of({"index.html": page(f"page {number}")}))
        await deployed(client, "copy", zip_of({"index.html": page("page 0")}))  # of which a first deploy stays
        await Deploy.all().update(created_at=datetime.now(UTC) - timedelta(days=2))

    by_count = json.loads(said(data, "--keep-deploys", "1", "--json"))
    by_age = said(data, "--keep-age", "1d")

    assert [(one["site"], one["number"], one["rule"]) for one in by_count] == [("shop", 1, "keep_deploys")]
    assert "shop  deploy 1 (" in by_age
    assert "would be deleted: 1." in by_age
    assert said(data).startswith("Deploys that would be deleted: 0. Only they have 0 bytes")
    assert [one["number"] for one in json.loads(said(data, "--keep-deploys", "1", "--json"))] == [1]


async def test_what_would_be_freed_is_what_sweeps_free(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with appliance(data, (OLGA, ALICE)) as server, server.client(ALICE) as client:
        for number in range(4):
            await deployed(client, "shop", zip_of({"index.html": page(f"page {number}"), "same.txt": "same " * 900}))
        await deployed(client, "copy", zip_of({"index.html": page("page 0")}))
        going = [str(row.id) for row in await Deploy.filter(site__name="shop", number__lte=2)]
        told = await freed_by(DataFolder(data), going)
        before = (await client.get("/api/v1/usage")).json()["bytes"]

        for deploy in going:
            (await client.delete(f"/api/v1/deploys/{deploy}")).raise_for_status()
        after = (await client.get("/api/v1/usage")).json()["bytes"]

    assert told == before - after > 0
