"""How a deploy's steps move, and who hears of it."""

import asyncio
from datetime import UTC, datetime

from appliance.progress import STEPS, Progress


def states(progress: Progress) -> list[str]:
    return [progress.steps[name].state for name in STEPS]


async def test_every_step_waits_at_first() -> None:
    assert states(Progress()) == ["waiting"] * 5


async def test_a_step_that_reports_is_running_until_it_reaches_its_total() -> None:
    progress = Progress()

    progress.step("receive", 5, 10)
    assert states(progress)[0] == "running"
    progress.step("receive", 10, 10)

    assert states(progress)[0] == "done"
    assert (progress.steps["receive"].done, progress.steps["receive"].total) == (10, 10)


async def test_a_step_without_a_total_ends_when_the_next_begins() -> None:
    progress = Progress()
    progress.step("receive", 7)
    progress.step("unpack", 1, 2)

    assert states(progress) == ["done", "running", "waiting", "waiting", "waiting"]
    assert progress.steps["receive"].done == 7


async def test_a_step_that_was_passed_over_is_done() -> None:
    progress = Progress()

    progress.step("publish")

    assert states(progress) == ["done", "done", "done", "done", "running"]


async def test_the_running_step_is_the_one_that_fails() -> None:
    progress = Progress()
    progress.step("receive", 1, 1)
    progress.step("unpack", 1, 2)

    progress.fail()

    assert states(progress) == ["done", "failed", "waiting", "waiting", "waiting"]


async def test_between_two_steps_the_one_about_to_begin_fails() -> None:
    progress = Progress()
    progress.step("receive", 1, 1)

    progress.fail()

    assert states(progress) == ["done", "failed", "waiting", "waiting", "waiting"]


async def test_after_the_last_step_none_is_left_to_fail() -> None:
    progress = Progress()
    progress.step("publish", 1, 1)

    progress.fail()

    assert states(progress) == ["done"] * 5


async def test_the_record_has_no_running_step() -> None:
    progress = Progress()
    progress.step("publish")

    assert [step.state for step in progress.completed()] == ["done"] * 5
    assert states(progress)[-1] == "running"


async def test_a_change_wakes_everybody_who_watches() -> None:
    progress = Progress()
    watching = [asyncio.create_task(progress.next_change().wait()) for _ in range(3)]
    await asyncio.sleep(0)

    progress.start()

    async with asyncio.timeout(1):
        await asyncio.gather(*watching)
    assert progress.started
    assert not progress.next_change().is_set()


async def test_a_line_of_the_log_says_when() -> None:
    progress = Progress()
    before = datetime.now(UTC)

    progress.say("hello")

    [line] = progress.log
    assert line.text == "hello"
    assert before <= line.at <= datetime.now(UTC)
