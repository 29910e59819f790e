"""Figures over time: tables that charts are drawn from, visits as a line, and what of the site is shown in a frame."""

from datetime import UTC, datetime, timedelta

import pytest

from admin_ui.context.figures import SPARK_HEIGHT, SPARK_WIDTH, range_of, spark
from admin_ui.context.sites import preview
from appliance.figures import day_of, hour_of
from appliance.gates import GateFacts
from appliance.models.figures import StorageFigure, TrafficFigure
from appliance.models.site import Site
from tests.admin_ui.desk import Desk
from tests.admin_ui.facts import site
from tests.builders import Appliance, page
from tests.cast import OLGA

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def visited(alice: Desk, name: str) -> None:
    """A site with a deploy and some visits, an hour and a day ago."""
    await alice.deploy(name, {"index.html": page("one")})
    number, now = (await Site.get(name=name)).id, datetime.now(UTC)
    for span, at in (("hour", hour_of(now) - timedelta(hours=1)), ("day", day_of(now) - timedelta(days=1))):
        await TrafficFigure.create(site_id=number, span=span, at=at, status_2xx=40, status_4xx=2, bytes=3_000_000)


async def test_every_figure_of_a_chart_stands_in_its_table(alice: Desk) -> None:
    await visited(alice, "charted")

    shown = await alice.page("/sites/charted/figures?range=day")

    charts = [(known["data-chart"], known["data-columns"]) for _, known in shown.tags if "data-chart" in known]
    values = [known["data-value"] for _, known in shown.tags if "data-value" in known]
    assert charts == [("traffic", "0,1,2,3"), ("traffic", "4"), ("built", "0"), ("built", "1,2")]
    assert [known["id"] for tag, known in shown.tags if tag == "table" and "id" in known] == ["traffic", "built"]
    assert values[22 * 5 : 23 * 5] == ["40", "0", "2", "0", "3000000"]  # of 24 hours the last but one
    assert "42 requests, 3.0 MB sent." in shown.text


@pytest.mark.parametrize(("wanted", "rows"), [("day", 24), ("week", 168), ("month", 30), ("year", 365), ("ages", 168)])
async def test_the_address_chooses_the_time(alice: Desk, wanted: str, rows: int) -> None:
    await alice.submit("/sites", name=f"range-{wanted}")

    shown = await alice.page(f"/sites/range-{wanted}/figures?range={wanted}")

    assert len([known for _, known in shown.tags if "data-at" in known]) == rows
    assert f"/sites/range-{wanted}/figures?range={range_of(wanted)}" in shown.links()


async def test_the_library_of_charts_is_loaded_where_there_are_charts_only(alice: Desk) -> None:
    await visited(alice, "library")

    charted, plain = await alice.page("/sites/library/figures"), await alice.page("/sites/library")

    assert [known["src"].rpartition("/")[2] for tag, known in charted.tags if tag == "script"][1:] == [
        "uplot.js",
        "charts.js",
    ]
    assert [tag for tag, _ in plain.tags].count("script") == 1
    for tag, known in charted.tags:
        if tag == "script":
            assert (await alice.get(known["src"])).status_code == 200


async def test_what_was_not_found_is_named(alice: Desk) -> None:
    await alice.deploy("missed", {"index.html": page("one")})
    for _ in range(2):
        await alice.server.fetch("missed.localhost", "/nowhere")

    assert "/nowhere" in (await alice.page("/sites/missed/figures")).text


async def test_an_operator_sees_all_sites_and_storage(server: Appliance, alice: Desk) -> None:
    await visited(alice, "all-together")
    await StorageFigure.update_or_create({"database": 1, "blobs": 2_000, "cache": 3}, at=day_of(datetime.now(UTC)))

    async with Desk.of(server, OLGA) as olga:
        shown = await olga.page("/system/figures?range=month")

    assert "2.0 kB" in shown.text
    assert (await alice.get("/system/figures")).status_code == 403


async def test_the_list_of_sites_shows_visits_as_a_line(alice: Desk) -> None:
    await visited(alice, "lined-up")

    shown = await alice.page("/?find=lined-up")

    assert "42 requests in 14 days" in [known.get("aria-label") for tag, known in shown.tags if tag == "svg"]


async def test_a_line_goes_from_nothing_to_the_most() -> None:
    line = spark([0, 5, 10])

    assert line is not None
    assert line.points == f"0.0,{SPARK_HEIGHT - 1:.1f} {SPARK_WIDTH / 2:.1f},{SPARK_HEIGHT / 2:.1f} {SPARK_WIDTH}.0,1.0"
    assert spark([0, 0]) is None
    assert spark([]) is None


async def test_the_live_site_is_shown_in_a_sandbox_that_the_policy_allows_alone(alice: Desk) -> None:
    made = await alice.deploy("framed", {"index.html": page("one")})

    answer = await alice.get("/sites/framed")

    policy = answer.headers["content-security-policy"]
    assert f"frame-src {made['url'].rstrip('/')}" in policy
    assert 'sandbox="allow-scripts"' in answer.text
    assert "allow-same-origin" not in answer.text
    assert "frame-src" not in (await alice.get("/sites/framed/deploys")).headers["content-security-policy"]


@pytest.mark.parametrize(
    ("live", "covers", "forced", "shown"),
    [
        (1, "nothing", False, True),
        (1, "previews", False, True),
        (1, "everything", False, False),
        (1, "nothing", True, False),
        (None, "nothing", False, False),
    ],
)
async def test_what_stands_behind_a_gate_is_not_shown(live: int | None, covers: str, forced: bool, shown: bool) -> None:
    gate = GateFacts(covers, False, False, forced, None, [])  # type: ignore[arg-type]  # one of the literals

    found = preview(site(live), gate)

    assert bool(found.url) == shown
    assert bool(found.instead) != shown
