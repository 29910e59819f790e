"""Figures over time: gathered from the counters by hour and by day, bounded, and for those who may see the site."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from appliance.data_folder import DataFolder
from appliance.errors import Forbidden, NotFound
from appliance.figures import HOURS_KEPT, Figures, Gathering, Point, day_of, hour_of
from appliance.models.figures import StorageFigure, TrafficFigure
from appliance.models.site import Site
from appliance.room import Room
from appliance.serving.counters import Counters
from appliance.sites import NewSite
from appliance.system import Storage, StorageFacts
from tests.builders import Appliance, appliance
from tests.cast import ALICE, BOB, OLGA

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOW = datetime.now(UTC)
AGE = timedelta(days=365).total_seconds()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Appliance]:
    async with appliance(tmp_path_factory.mktemp("figures") / "data", (OLGA, ALICE, BOB)) as running:
        yield running


async def site(server: Appliance, name: str) -> str:
    await server.parts.sites.create(server.actors[ALICE.email], NewSite(name))
    return name


def gathering(server: Appliance, counters: Counters, age: float = AGE) -> Gathering:
    return Gathering(counters, Storage(DataFolder(server.parts.settings.data)), age)


def visit(counters: Counters, name: str, *statuses: int) -> None:
    for status in statuses:
        counters.visited(name, status, 10, b"/")


async def last(server: Appliance, name: str) -> tuple[Point, Point]:
    """The present hour and day."""
    alice, figures = server.actors[ALICE.email], Figures()
    return (await figures.of_site(alice, name, "hour", 1))[0], (await figures.of_site(alice, name, "day", 1))[0]


async def rows(name: str) -> list[tuple[str, datetime, int]]:
    query = TrafficFigure.filter(site__name=name).order_by("span", "at")
    return [(row.span, row.at, row.status_2xx) for row in await query]


async def test_what_was_counted_is_in_its_hour_and_its_day(server: Appliance) -> None:
    name, counters = await site(server, "counted"), Counters()
    gathers = gathering(server, counters)

    visit(counters, name, 200, 200, 304, 404, 503)
    await gathers.gather(datetime.now(UTC))

    hour, day = await last(server, name)
    assert (hour.status_2xx, hour.status_3xx, hour.status_4xx, hour.status_5xx, hour.bytes) == (2, 1, 1, 1, 50)
    assert (hour.requests, day.requests) == (5, 5)
    assert (hour.at, day.at) == (hour_of(datetime.now(UTC)), day_of(datetime.now(UTC)))


async def test_only_what_is_new_is_added(server: Appliance) -> None:
    name, counters = await site(server, "added"), Counters()
    gathers = gathering(server, counters)

    for _ in range(3):
        visit(counters, name, 200)
        await gathers.gather(datetime.now(UTC))
        await gathers.gather(datetime.now(UTC))

    assert [point.requests for point in await last(server, name)] == [3, 3]


async def test_an_hour_that_is_over_gets_no_more_and_the_day_goes_on(server: Appliance) -> None:
    name, counters = await site(server, "hours"), Counters()
    gathers = gathering(server, counters)
    noon = day_of(NOW) + timedelta(hours=12)
    gathers._at = noon

    visit(counters, name, 200)
    await gathers.gather(noon + timedelta(hours=1))  # asked when the hour is over: it was counted in that hour
    visit(counters, name, 200, 200)
    await gathers.gather(noon + timedelta(hours=1, minutes=5))

    assert await rows(name) == [
        ("day", day_of(noon), 3),
        ("hour", noon, 1),
        ("hour", noon + timedelta(hours=1), 2),
    ]


async def test_another_day_begins_at_nothing(server: Appliance) -> None:
    name, counters = await site(server, "days"), Counters()
    gathers = gathering(server, counters)
    evening = day_of(NOW) - timedelta(hours=1)
    gathers._at = evening

    visit(counters, name, 200)
    await gathers.gather(day_of(NOW))
    visit(counters, name, 200, 200)
    await gathers.gather(day_of(NOW))

    assert [row for row in await rows(name) if row[0] == "day"] == [
        ("day", day_of(evening), 1),
        ("day", day_of(NOW), 2),
    ]


async def test_a_restart_within_the_hour_goes_on_from_its_rows(server: Appliance) -> None:
    name, counters = await site(server, "restarted"), Counters()
    visit(counters, name, 200)
    before = gathering(server, counters)
    await before.gather(datetime.now(UTC))

    again = gathering(server, counters)  # the counters are restored by the tally
    await again.start()
    visit(counters, name, 200)
    await again.stop()

    assert [point.requests for point in await last(server, name)] == [2, 2]


async def test_a_site_that_took_the_name_of_another_starts_anew(server: Appliance) -> None:
    name, counters = await site(server, "renamed"), Counters()
    gathers = gathering(server, counters)
    visit(counters, name, *[200] * 5)
    await gathers.gather(datetime.now(UTC))
    alice = server.actors[ALICE.email]
    await server.parts.removals.remove(alice, name)
    await server.parts.removals.end(alice, name)
    counters.forget(name)
    visit(counters, name, 404)  # nobody's, and then another's
    await gathers.gather(datetime.now(UTC))

    await site(server, name)
    visit(counters, name, 200)
    await gathers.gather(datetime.now(UTC))

    assert (await last(server, name))[0].requests == 2


async def test_hours_are_kept_for_two_weeks_and_days_for_a_year(server: Appliance) -> None:
    name, now = await site(server, "old"), datetime.now(UTC)  # not that of an hour ago, when all this was imported
    number = await site_id(name)
    for span, age in (("hour", HOURS_KEPT), ("day", timedelta(days=365))):
        await TrafficFigure.create(span=span, at=now - age - timedelta(hours=1), site_id=number, status_2xx=1)
        await TrafficFigure.create(span=span, at=now - age + timedelta(hours=1), site_id=number, status_2xx=1)
    await StorageFigure.create(at=now - timedelta(days=366), database=1, blobs=2, cache=3)

    await gathering(server, Counters()).gather(now)

    assert [span for span, _, _ in await rows(name)] == ["day", "hour"]
    assert not await StorageFigure.exists(at__lt=now - timedelta(days=365))


async def test_for_good_means_that_no_day_is_forgotten(server: Appliance) -> None:
    name = await site(server, "for-good")
    await TrafficFigure.create(site_id=await site_id(name), span="day", at=NOW - timedelta(days=5000), status_2xx=1)

    await gathering(server, Counters(), age=0).gather(NOW)

    assert len(await rows(name)) == 1


async def test_hours_in_which_nothing_was_asked_are_there_too(server: Appliance) -> None:
    name = await site(server, "gaps")
    await TrafficFigure.create(
        site_id=await site_id(name), span="hour", at=hour_of(datetime.now(UTC)) - timedelta(hours=2), status_2xx=7
    )

    points = await Figures().of_site(server.actors[ALICE.email], name, "hour", 24)

    assert len(points) == 24
    assert [point.requests for point in points[-4:]] == [0, 7, 0, 0]


async def test_figures_are_for_those_who_may_see_the_site(server: Appliance) -> None:
    name, figures = await site(server, "seen-by-few"), Figures()

    with pytest.raises(NotFound):
        await figures.of_site(server.actors[BOB.email], name, "day", 7)
    with pytest.raises(Forbidden):
        await figures.of_all(server.actors[ALICE.email], "day", 7)
    with pytest.raises(Forbidden):
        await figures.of_storage(server.actors[ALICE.email], 7)


async def test_all_sites_together_are_added_up(server: Appliance) -> None:
    olga, figures = server.actors[OLGA.email], Figures()
    before = (await figures.of_all(olga, "day", 3))[-2]
    for name in ("sum-one", "sum-two"):
        number = await site_id(await site(server, name))
        await TrafficFigure.create(
            site_id=number, span="day", at=day_of(datetime.now(UTC)) - timedelta(days=1), status_2xx=4, bytes=50
        )

    after = (await figures.of_all(olga, "day", 3))[-2]

    assert (after.requests - before.requests, after.bytes - before.bytes) == (8, 100)


async def test_storage_is_sampled_once_a_day(server: Appliance) -> None:
    gathers = gathering(server, Counters())

    await gathers.gather(datetime.now(UTC))
    await gathers.gather(datetime.now(UTC))

    points = await Figures().of_storage(server.actors[OLGA.email], 30)
    assert [point.at for point in points] == [day_of(datetime.now(UTC))]
    assert points[0].database > 0


async def test_visits_by_day_are_one_list_a_site(server: Appliance) -> None:
    name, other = await site(server, "lined"), await site(server, "unvisited")
    today = day_of(datetime.now(UTC))
    for days, count in ((0, 3), (13, 5), (14, 9)):
        await TrafficFigure.create(
            site_id=await site_id(name), span="day", at=today - timedelta(days=days), status_2xx=count, status_4xx=1
        )

    visits = await Figures().visits([name, other], 14)

    assert visits == {name: [6, *[0] * 12, 4], other: [0] * 14}


async def site_id(name: str) -> int:
    return (await Site.get(name=name)).id


class Unmeasured(Storage):
    """A data folder that takes its time to be measured."""

    async def look(self) -> StorageFacts:
        raise AssertionError("measured while the server stops")


class Away(Storage):
    """A data folder whose disk is not mounted, until it is `back`."""

    back: StorageFacts | None = None

    async def look(self) -> StorageFacts | None:
        return self.back


async def test_a_folder_that_is_away_is_no_folder_of_nothing(server: Appliance) -> None:
    storage = Away(DataFolder(server.parts.settings.data))
    gathers = Gathering(Counters(), storage, AGE)
    await StorageFigure.all().delete()

    await gathers.gather(datetime.now(UTC))
    while_away = await StorageFigure.all().count()
    storage.back = StorageFacts(Room(1, 4096), Room(2, 5000), Room(3, 6000), 7000, datetime.now(UTC))
    await gathers.gather(datetime.now(UTC))

    assert while_away == 0
    assert (await StorageFigure.get()).blobs == 5000


async def test_a_server_that_stops_writes_its_figures_and_measures_nothing(server: Appliance) -> None:
    name, counters = await site(server, "stopping"), Counters()
    gathers = Gathering(counters, Unmeasured(DataFolder(server.parts.settings.data)), AGE)
    await gathers.start()
    visit(counters, name, 200)

    await gathers.stop()

    assert (await last(server, name))[0].requests == 1
