"""What sites were asked for is there again after a restart, and nothing of a site that is no more."""

import asyncio
from pathlib import Path

from appliance.serving.counters import Counters
from appliance.sites import NewSite
from appliance.tally import Tally
from tests.builders import Appliance, appliance
from tests.cast import ALICE, OLGA


def visit(counters: Counters, site: str, times: int = 1) -> None:
    for _ in range(times):
        counters.visited(site, 200, 10, b"/")
        counters.visited(site, 404, 3, b"/caf\xe9?x=1")


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def with_sites(data: Path, *names: str) -> Appliance:
    async with appliance(data, (OLGA, ALICE)) as made:
        for name in names:
            await made.parts.sites.create(made.actors[ALICE.email], NewSite(name))
            visit(made.parts.counters, name, 3)
        return made


async def test_a_restart_goes_on_from_what_was_counted(tmp_path: Path) -> None:
    before = await with_sites(tmp_path / "data", "shop", "blog")
    counted = before.parts.counters.traffic("shop")

    async with appliance(tmp_path / "data", before=before) as again:
        restored = again.parts.counters.traffic("shop")
        visit(again.parts.counters, "shop")
        more = again.parts.counters.traffic("shop")

    assert (counted.requests, counted.bytes_sent, counted.missed) == (6, 39, {"/caf\ufffd": 3})
    assert restored == counted
    assert (more.requests, more.missed, more.since) == (8, {"/caf\ufffd": 4}, counted.since)


async def test_a_removed_site_leaves_nothing_to_the_next_of_its_name(tmp_path: Path) -> None:
    before = await with_sites(tmp_path / "data", "shop", "blog")
    stored = (tmp_path / "data/traffic.jsonl").read_bytes()
    async with appliance(tmp_path / "data", before=before) as removing:
        alice = removing.actors[ALICE.email]
        await removing.parts.removals.remove(alice, "shop")
        await removing.parts.removals.end(alice, "shop")
        await removing.parts.sites.create(alice, NewSite("shop"))
    assert b'"shop"' not in (tmp_path / "data/traffic.jsonl").read_bytes()
    (tmp_path / "data/traffic.jsonl").write_bytes(stored)  # as if it had crashed before it was written

    async with appliance(tmp_path / "data", before=before) as again:
        assert again.parts.counters.traffic("shop").requests == 0
        assert again.parts.counters.traffic("blog").requests == 6


async def test_what_cannot_be_read_is_left_out_and_the_rest_kept(tmp_path: Path) -> None:
    before = await with_sites(tmp_path / "data", "shop", "blog")
    file = tmp_path / "data/traffic.jsonl"
    lines = [
        line if b'"shop"' not in line else line[:30] + b"\n" for line in file.read_bytes().splitlines(keepends=True)
    ]
    file.write_bytes(b"".join(lines))

    async with appliance(tmp_path / "data", before=before) as again:
        assert again.parts.counters.traffic("shop").requests == 0
        assert again.parts.counters.traffic("blog").requests == 6


async def test_nothing_is_written_while_nothing_is_counted(tmp_path: Path) -> None:
    counters = Counters()
    visit(counters, "shop")
    tally = Tally(tmp_path / "traffic.jsonl", counters)
    await tally.write()
    (tmp_path / "traffic.jsonl").unlink()

    await tally.write()
    assert names(tmp_path) == []

    visit(counters, "shop")
    await tally.write()
    assert names(tmp_path) == ["traffic.jsonl"]
    assert (tmp_path / "traffic.jsonl").stat().st_mode & 0o777 == 0o600


async def test_what_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    counters = Counters()
    visit(counters, "shop")
    tally = Tally(tmp_path / "missing/traffic.jsonl", counters)

    await tally.write()
    (tmp_path / "missing").mkdir()
    await tally.write()

    assert (tmp_path / "missing/traffic.jsonl").exists()


async def test_nothing_is_written_while_the_folder_is_not_there(tmp_path: Path) -> None:
    counters = Counters()
    mounted: list[str] = []
    visit(counters, "shop")
    tally = Tally(tmp_path / "traffic.jsonl", counters, is_there=lambda: bool(mounted))

    await tally.write()
    before = names(tmp_path)
    mounted.append("disk")
    await tally.write()

    assert (before, names(tmp_path)) == ([], ["traffic.jsonl"])


async def test_it_is_written_now_and_then(tmp_path: Path) -> None:
    before = await with_sites(tmp_path / "data")
    async with appliance(tmp_path / "data", before=before) as made:
        tally = Tally(tmp_path / "now-and-then.jsonl", made.parts.counters, write_seconds=0.01)
        await tally.start()
        visit(made.parts.counters, "shop", 500)
        async with asyncio.timeout(30):
            while "now-and-then.jsonl" not in names(tmp_path):  # noqa: ASYNC110 - a thread writes it
                await asyncio.sleep(0.005)
        await tally.stop()


async def test_figures_go_on_after_a_restart(tmp_path: Path) -> None:
    before = await with_sites(tmp_path / "data", "shop")

    async with appliance(tmp_path / "data", before=before) as again:
        visit(again.parts.counters, "shop", 2)

    async with appliance(tmp_path / "data", before=before) as last:
        today = (await last.parts.figures.of_site(last.actors[ALICE.email], "shop", "day", 1))[0]
    assert (today.status_2xx, today.status_4xx, today.bytes) == (5, 5, 65)
