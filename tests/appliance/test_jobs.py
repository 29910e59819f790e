"""From the queue to the outcome, through a real build child: what is kept, what is cleaned up, what goes on."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from appliance.data_folder import DataFolder
from appliance.storage.manifest import Manifest
from tests.build_children import build_children, until
from tests.builders import Appliance, appliance, deployed, finished, page, uploaded, zip_of
from tests.cast import ALICE, OLGA
from tests.held_child import Gate

ONE = zip_of({"index.html": page("one")})
TWO = zip_of({"index.html": page("two")})
PEOPLE = (OLGA, ALICE)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "gate")


def left_over(data: Path) -> list[str]:
    """What stands in `incoming/` and `work/`."""
    folder = DataFolder(data)
    return [path.name for place in (folder.incoming, folder.work) for path in place.iterdir()]


def blobs(data: Path) -> list[Path]:
    return [path for path in DataFolder(data).blobs.rglob("*") if path.is_file()]


async def shown(server: Appliance, host: str) -> tuple[int, str]:
    answer = await server.fetch(host)
    return answer.status_code, answer.text


async def test_an_upload_becomes_a_live_site_and_leaves_nothing_behind(data: Path) -> None:
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        facts = await deployed(client, "shop", ONE, message="first")

        assert (facts["state"], facts["live"], facts["error"]) == ("ready", True, None)
        assert [step["state"] for step in facts["steps"]] == ["done"] * 5
        assert await shown(server, "shop.localhost") == (200, page("one"))
        await until(lambda: left_over(data) == [])


async def test_of_two_uploads_at_once_the_newer_stays_live(data: Path) -> None:
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        await client.post("/api/v1/sites", json={"name": "shop"})

        both = await asyncio.gather(deployed(client, "shop", ONE), deployed(client, "shop", TWO))

        older, last = sorted(both, key=lambda facts: int(facts["number"]))
        assert older["state"] in {"ready", "superseded"}  # by whether it had its turn before the other came in
        assert (last["state"], last["number"]) == ("ready", 2)
        newer = page("one") if both[0]["number"] == 2 else page("two")
        assert await shown(server, "shop.localhost") == (200, newer)


async def test_a_slow_old_build_that_finishes_last_does_not_go_live(data: Path, gate: Gate) -> None:
    async with (
        appliance(data, PEOPLE, build_command=gate.command(data)) as server,
        server.client(ALICE) as client,
    ):
        gate.hold_next()
        slow = await uploaded(client, "shop", ONE)
        await gate.held(slow["id"])
        newer = await deployed(client, "shop", TWO)
        gate.let_go(slow["id"])

        old = await finished(client, slow["id"])

        assert (old["state"], old["live"], newer["live"]) == ("ready", False, True)
        assert await shown(server, "shop.localhost") == (200, page("two"))
        assert await shown(server, f"{old['id']}--shop.localhost") == (200, page("one"))


async def test_a_newer_upload_supersedes_one_that_waits_and_no_draft_or_other_site(data: Path, gate: Gate) -> None:
    changes: dict[str, Any] = {"build_command": gate.command(data), "deploys_at_once": 1}
    async with appliance(data, PEOPLE, **changes) as server, server.client(ALICE) as client:
        gate.hold_next()
        working = (await uploaded(client, "other", ONE))["id"]
        await gate.held(working)
        older, draft = [(await uploaded(client, "shop", ONE, **named))["id"] for named in ({}, {"draft": "true"})]
        elsewhere = (await uploaded(client, "third", ONE))["id"]
        newer = (await uploaded(client, "shop", TWO))["id"]

        gone = await finished(client, older)
        at_work = (await client.get(f"/api/v1/deploys/{working}")).json()["state"]
        gate.let_go(working)
        states = [(await finished(client, deploy))["state"] for deploy in (draft, elsewhere, newer)]

    assert (gone["state"], gone["error"]["code"], at_work) == ("superseded", "superseded", "working")
    assert states == ["ready"] * 3
    assert left_over(data) == []


async def test_a_refused_upload_leaves_a_failed_deploy_and_nothing_else(data: Path) -> None:
    async with (
        appliance(data, PEOPLE, file_size=50_000, unpacked_size=60_000) as server,
        server.client(ALICE) as client,
    ):
        await client.post("/api/v1/sites", json={"name": "shop"})
        before = blobs(data)

        facts = await deployed(client, "shop", zip_of({"index.html": page("one"), "big.bin": bytes(50_001)}))

        assert facts["state"] == "failed"
        assert facts["error"]["limit"] == {"name": "file_size", "value": "50KB"}
        assert facts["error"]["code"]
        assert "big.bin" in facts["error"]["detail"]
        assert "failed" in [step["state"] for step in facts["steps"]]
        await until(lambda: left_over(data) == [])
        assert blobs(data) == before == []
        assert (await shown(server, "shop.localhost"))[0] == 404


async def test_a_refused_upload_leaves_the_live_site_as_it_is(data: Path) -> None:
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        await deployed(client, "shop", ONE)

        facts = await deployed(client, "shop", b"PK\3\4 not really")

        assert facts["error"]["code"] == "damaged"
        assert await shown(server, "shop.localhost") == (200, page("one"))


async def test_the_log_is_kept_after_the_end(data: Path) -> None:
    began = datetime.now(UTC)
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        facts = await deployed(client, "shop", b"PK\3\4 not really")
        noted = await deployed(client, "shop", zip_of({"index.html": "x", ".DS_Store": "junk"}))

    async with appliance(data, before=server) as again, again.client(ALICE) as client:
        [line] = (await client.get(f"/api/v1/deploys/{facts['id']}")).json()["log"]
        [note] = (await client.get(f"/api/v1/deploys/{noted['id']}")).json()["log"]

    assert line["text"] == facts["error"]["detail"]
    assert line["at"].endswith("Z")
    assert began <= datetime.fromisoformat(line["at"]) <= datetime.now(UTC)
    assert note["text"] == noted["problems"][0]["message"]


async def test_the_log_can_be_read_while_the_deploy_is_under_way(data: Path, gate: Gate) -> None:
    async with (
        appliance(data, PEOPLE, build_command=gate.command(data)) as server,
        server.client(ALICE) as client,
    ):
        gate.hold_next()
        deploy = (await uploaded(client, "shop", ONE))["id"]
        await gate.held(deploy)
        server.parts.deploys.under_way[deploy].say("so far so good")

        facts = (await client.get(f"/api/v1/deploys/{deploy}")).json()

        assert facts["state"] == "working"
        assert [line["text"] for line in facts["log"]] == ["so far so good"]
        gate.let_go(deploy)
        await finished(client, deploy)


async def test_a_log_that_cannot_be_written_costs_no_deploy(data: Path) -> None:
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        DataFolder(data).build_logs.rmdir()

        good = await deployed(client, "shop", ONE)
        bad = await deployed(client, "shop", b"PK\3\4 not really")

        assert (good["state"], bad["state"]) == ("ready", "failed")
        assert good["log"] == bad["log"] == []


async def test_a_build_child_killed_at_work_fails_the_deploy_and_the_next_one_works(data: Path, gate: Gate) -> None:
    async with (
        appliance(data, PEOPLE, build_command=gate.command(data)) as server,
        server.client(ALICE) as client,
    ):
        gate.hold_next()
        deploy = (await uploaded(client, "shop", ONE))["id"]
        await gate.held(deploy)
        for child in build_children():
            child.kill()

        crashed = await finished(client, deploy)
        after = await deployed(client, "shop", TWO)

        assert (crashed["state"], crashed["error"]["code"], crashed["error"]["retry"]) == ("failed", "crashed", True)
        assert (after["state"], after["live"]) == ("ready", True)
        await until(lambda: left_over(data) == [])


async def test_a_build_that_takes_too_long_is_timed_out_and_its_process_is_gone(data: Path, gate: Gate) -> None:
    command = gate.command(data)
    async with (
        appliance(data, PEOPLE, build_command=command, build_timeout=5) as server,
        server.client(ALICE) as client,
    ):
        await until(gate.has_started)  # which may take longer than the time-out
        gate.hold_next()
        deploy = (await uploaded(client, "shop", ONE))["id"]
        await gate.held(deploy)
        working = build_children()

        late = await finished(client, deploy)

        assert (late["state"], late["error"]["code"]) == ("failed", "timed_out")
        assert len(working) == 1
        assert not working[0].is_running()


async def test_what_nobody_foresaw_is_a_failed_deploy_too(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> Manifest:
        raise ZeroDivisionError

    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        monkeypatch.setattr("appliance.composing.compose", breaks)
        facts = await deployed(client, "shop", ONE)

    assert (facts["state"], facts["error"]["code"], facts["error"]["retry"]) == ("failed", "internal", True)
    assert "ZeroDivision" not in facts["error"]["detail"]


async def test_a_site_removed_while_its_deploy_is_worked_on_leaves_nothing(data: Path, gate: Gate) -> None:
    async with (
        appliance(data, PEOPLE, build_command=gate.command(data)) as server,
        server.client(ALICE) as client,
    ):
        live = await deployed(client, "shop", ONE)
        gate.hold_next()
        deploy = (await uploaded(client, "shop", TWO))["id"]
        await gate.held(deploy)

        assert (await client.delete("/api/v1/sites/shop")).status_code == 204
        hosts = ["shop.localhost", f"{live['id']}--shop.localhost", f"{deploy}--shop.localhost"]
        at_once = [(await shown(server, host))[0] for host in hosts]
        gate.let_go(deploy)

        await until(lambda: left_over(data) == [] and server.parts.deploys.under_way == {})
        assert at_once == [404, 404, 404]
        assert [(await shown(server, host))[0] for host in hosts] == [404, 404, 404]


async def test_a_site_removed_while_its_deploy_waits_leaves_nothing(data: Path, gate: Gate) -> None:
    command = gate.command(data)
    async with (
        appliance(data, PEOPLE, build_command=command, deploys_at_once=1) as server,
        server.client(ALICE) as client,
    ):
        gate.hold_next()
        first = (await uploaded(client, "blog", ONE))["id"]
        await gate.held(first)
        waiting = (await uploaded(client, "shop", TWO))["id"]
        assert waiting in left_over(data)

        await client.delete("/api/v1/sites/shop")
        gate.let_go(first)

        assert (await finished(client, first))["state"] == "ready"
        await until(lambda: left_over(data) == [] and server.parts.deploys.under_way == {})


async def test_a_stop_leaves_a_deploy_at_work_for_the_next_start(data: Path, gate: Gate) -> None:
    command = gate.command(data)
    async with appliance(data, PEOPLE, build_command=command, stop_grace=0.1) as server, server.client(ALICE) as client:
        gate.hold_next()
        deploy = (await uploaded(client, "shop", ONE))["id"]
        await gate.held(deploy)
    assert build_children() == []
    assert left_over(data) == [deploy]

    async with appliance(data, before=server) as again, again.client(ALICE) as client:
        facts = await finished(client, deploy)

        assert (facts["state"], facts["live"]) == ("ready", True)
        assert await shown(again, "shop.localhost") == (200, page("one"))
        await until(lambda: left_over(data) == [])


async def test_a_stop_leaves_what_waits_for_the_next_start(data: Path, gate: Gate) -> None:
    command = gate.command(data)
    changes: dict[str, Any] = {"build_command": command, "stop_grace": 0.1, "deploys_at_once": 1}
    async with appliance(data, PEOPLE, **changes) as server, server.client(ALICE) as client:
        gate.hold_next()
        first = (await uploaded(client, "shop", ONE))["id"]
        await gate.held(first)
        second = (await uploaded(client, "shop", TWO))["id"]

    gate.let_go(first)
    gate.hold_next()
    async with appliance(data, before=server, **changes) as again, again.client(ALICE) as client:
        await gate.held(first)
        waiting = (await client.get(f"/api/v1/deploys/{second}")).json()
        gate.let_go(first)
        facts = [await finished(client, deploy) for deploy in (first, second)]

    assert waiting["state"] == "queued"
    assert waiting["steps"][0] | {"seconds": 0} == {
        "name": "receive", "state": "done", "done": len(TWO), "total": len(TWO), "seconds": 0
    }  # fmt: skip
    assert [(f["number"], f["state"]) for f in facts] == [(1, "ready"), (2, "ready")]
    assert facts[1]["live"]  # and the first was, until then


async def test_a_waiting_deploy_whose_upload_is_gone_is_failed(data: Path, gate: Gate) -> None:
    command = gate.command(data)
    async with appliance(data, PEOPLE, build_command=command, stop_grace=0.1) as server, server.client(ALICE) as client:
        gate.hold_next()
        deploy = (await uploaded(client, "shop", ONE))["id"]
        await gate.held(deploy)
    (DataFolder(data).incoming / deploy).unlink()

    async with appliance(data, before=server) as again, again.client(ALICE) as client:
        facts = (await client.get(f"/api/v1/deploys/{deploy}")).json()

    assert (facts["state"], facts["error"]["code"], facts["error"]["retry"]) == ("failed", "interrupted", True)


async def test_what_an_interrupted_server_left_is_cleared_at_start(data: Path) -> None:
    folder = DataFolder(data)
    folder.create()
    (folder.incoming / "half").write_bytes(b"half an upload")
    (folder.work / "gone" / "blobs").mkdir(parents=True)
    (folder.work / "gone" / "blobs" / "0").write_bytes(b"content")

    async with appliance(data):
        assert left_over(data) == []
