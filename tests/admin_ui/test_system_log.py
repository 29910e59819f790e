"""The page with the server's log."""

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import structlog

from appliance import logs
from appliance.settings import Settings
from tests.admin_ui.desk import Desk
from tests.builders import Appliance
from tests.cast import ADAM, ALICE, OLGA, Person

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("logging_as_it_was")]


@pytest_asyncio.fixture(loop_scope="session")
async def olga(server: Appliance) -> AsyncIterator[Desk]:
    async with Desk.of(server, OLGA) as desk:
        yield desk


def logging(**settings: Any) -> Any:
    """A log that begins now, of warnings: what is asked for to look at it is not among them."""
    logs.configure(Settings(log_level="warning", **settings), io.StringIO())
    return structlog.get_logger("appliance.test")


async def test_an_operator_reads_the_newest_lines_first(olga: Desk) -> None:
    log = logging()
    log.warning("disk_fills", free="1 MB")
    log.error("disk_full", folder="<b>srv</b>", password="hunter2")

    answer = await olga.get("/system/log")
    shown = await olga.page("/system/log")

    assert shown.text.index("disk_full") < shown.text.index("disk_fills")
    assert "2 lines" in shown.text
    assert "folder=<b>srv</b>" in shown.text
    assert "hunter2" not in answer.text


async def test_the_level_stands_in_the_address(olga: Desk) -> None:
    log = logging()
    log.warning("disk_fills")
    log.error("disk_full")

    shown = await olga.page("/system/log?level=error")

    assert "disk_full" in shown.text
    assert "disk_fills" not in shown.text
    assert ("option", "error") in [(tag, known["value"]) for tag, known in shown.tags if "selected" in known]


async def test_a_level_there_is_not_shows_everything(olga: Desk) -> None:
    logging().warning("disk_fills")

    assert "disk_fills" in (await olga.page("/system/log?level=%3Cb%3E")).text


async def test_a_traceback_is_there_to_be_unfolded(olga: Desk) -> None:
    log = logging()
    log.error("counting_failed", exc_info=ZeroDivisionError("by none"))

    shown = await olga.page("/system/log")

    assert "ZeroDivisionError: by none" in shown.text
    assert "details" in [tag for tag, _ in shown.tags]


async def test_many_lines_have_pages_that_keep_the_level(olga: Desk) -> None:
    log = logging()
    for number in range(51):
        log.error("step", number=number)

    first = await olga.page("/system/log?level=error")
    second = await olga.page("/system/log?level=error&page=2")

    assert "/system/log?level=error&page=2" in first.links()
    assert ("number=50" in first.text, "number=0" in first.text) == (True, False)
    assert ("number=50" in second.text, "number=0" in second.text) == (False, True)


async def test_nothing_of_a_level_is_said_so(olga: Desk) -> None:
    logging()

    assert "No such line" in (await olga.page("/system/log")).text


async def test_that_none_are_kept_is_said_with_the_setting(olga: Desk) -> None:
    logging(log_tail=0).error("disk_full")

    shown = await olga.page("/system/log")

    assert "log_tail" in shown.text
    assert "No lines are kept" in (await olga.page("/system")).text


async def test_what_went_wrong_stands_on_the_page_about_the_system(olga: Desk) -> None:
    log = logging()
    well = await olga.page("/system")
    for number in range(7):
        log.error("disk_full", number=number)

    shown = await olga.page("/system")

    assert "No warning and no error" in well.text
    assert "7 warnings and errors" in shown.text
    assert [f"number={number}" in shown.text for number in range(7)] == [False] * 2 + [True] * 5
    assert "/system/log" in shown.links()


@pytest.mark.parametrize("person", [ADAM, ALICE])
async def test_nobody_else_may(server: Appliance, person: Person) -> None:
    logging().error("disk_full")
    async with Desk.of(server, person) as desk:
        answer = await desk.get("/system/log")

    assert answer.status_code == 403
    assert "disk_full" not in answer.text


async def test_nothing_is_sent_to_it(olga: Desk) -> None:
    assert (await olga.submit("/system/log")).status_code == 405


async def test_the_stranger_is_led_to_sign_in(stranger: Desk) -> None:
    assert (await stranger.get("/system/log")).headers["location"] == "/sign-in?next=/system/log"
