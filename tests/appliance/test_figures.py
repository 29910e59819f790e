"""Traffic over time: counted once, in the hour and the day it came in, kept over restarts, forgotten when old."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from appliance.actor import Actor
from appliance.figures import Collecting, Figures
from appliance.models.figures import SiteFigure
from appliance.models.site import Site
from appliance.serving.counters import Counters
from tests.clock import Clock

YEAR = 365 * 86_400.0


@pytest.fixture
async def shop(database: object, alice: Actor) -> Site:
    return await Site.create(name="shop", owner_id=alice.id)


@pytest.fixture
def noon() -> Clock:
    return Clock(datetime(2026, 5, 4, 12, 10, tzinfo=UTC))


def visit(counters: Counters, status: int = 200, sent: int = 10, site: str = "shop") -> None:
    counters.visited(site, status, sent, b"/")


async def test_visits_go_into_their_hour_and_their_day(shop: Site, noon: Clock) -> None:
    counters, figures = Counters(), Figures(noon)
    collecting = Collecting(counters, noon, YEAR)
    for status in (200, 304, 404, 500, 200):
        visit(counters, status)
    await collecting.collect()
    noon.advance(hours=1)
    visit(counters)
    await collecting.collect()

    hours = await figures.series("shop", "hour", 3)
    days = await figures.series("shop", "day", 2)

    assert [(point.at.hour, point.requests) for point in hours] == [(11, 0), (12, 5), (13, 1)]
    assert (hours[1].found, hours[1].redirected, hours[1].refused, hours[1].failed) == (2, 1, 1, 1)
    assert [(point.requests, point.bytes) for point in days] == [(0, 0), (6, 60)]


async def test_what_was_counted_before_a_restart_is_not_counted_again(shop: Site, noon: Clock) -> None:
    counters = Counters()
    visit(counters)
    await Collecting(counters, noon, YEAR).collect()

    again = Collecting(counters, noon, YEAR)  # the counters go on from where they were
    await again.start()
    visit(counters)
    await again.stop()

    assert [point.requests for point in await Figures(noon).series("shop", "day", 1)] == [2]


async def test_a_site_of_a_name_that_was_free_again_begins_at_nothing(shop: Site, noon: Clock) -> None:
    counters = Counters()
    collecting = Collecting(counters, noon, YEAR)
    visit(counters)
    visit(counters)
    await collecting.collect()
    counters.forget("shop")
    visit(counters)

    await collecting.collect()

    assert [point.requests for point in await Figures(noon).series("shop", "day", 1)] == [3]


async def test_visits_of_a_site_that_is_gone_are_no_error(shop: Site, noon: Clock) -> None:
    counters = Counters()
    visit(counters, site="gone")
    visit(counters)

    await Collecting(counters, noon, YEAR).collect()

    assert await SiteFigure.all().count() == 2


async def test_old_hours_and_days_are_forgotten(shop: Site, noon: Clock) -> None:
    counters = Counters()
    collecting = Collecting(counters, noon, 30 * 86_400.0)
    for _ in range(3):
        visit(counters)
        await collecting.collect()
        noon.advance(days=16)

    kept = {(row.span, row.at.day) for row in await SiteFigure.all()}

    assert kept == {("hour", 5), ("day", 20), ("day", 5)}


async def test_many_sites_are_read_at_once_and_taken_together(shop: Site, noon: Clock) -> None:
    await Site.create(name="blog", owner_id=shop.owner_id)
    counters, figures = Counters(), Figures(noon)
    collecting = Collecting(counters, noon, YEAR)
    for site in ("shop", "blog", "blog"):
        visit(counters, site=site)
    await collecting.collect()

    assert await figures.of_each(["shop", "blog", "quiet"], "day", 2) == {
        "shop": [0, 1],
        "blog": [0, 2],
        "quiet": [0, 0],
    }
    assert [(point.requests, point.bytes) for point in await figures.together("day", 2)] == [(0, 0), (3, 30)]


async def test_a_whole_series_has_no_holes(shop: Site, noon: Clock) -> None:
    days = await Figures(noon).series("shop", "day", 365)

    assert len(days) == 365
    assert {later.at - earlier.at for earlier, later in itertools.pairwise(days)} == {timedelta(days=1)}
