"""Many uploads at once, while many visit: who has to wait is told so, and no visitor notices."""

import asyncio
from pathlib import Path

import pytest

from tests.builders import served
from tests.faults.campaign import operator
from tests.faults.load import OVER, Figures, put_load

CEILING = 400_000_000  # bytes of the server's process, with 2,000 visitors and 200 uploads: 294 MB when it was measured
LATE = 0.1  # seconds, on a machine that does nothing else
TURN = 5  # times that a turn of the loop may lose a busy machine's processor, where doing nothing loses it once


def under_load(data: Path, *, visitors: int, uploads: int, sites: int, largest: int, **settings: int) -> Figures:
    token = operator(data)
    environment = {f"DROPDOCK_{name.upper()}": str(value) for name, value in settings.items()}
    with served(data, environment=environment) as server:
        load = put_load(server, token, visitors=visitors, uploads=uploads, sites=sites, largest=largest)
        figures = asyncio.run(load)
    print(figures)
    return figures


def check_that_nobody_was_harmed(figures: Figures, uploads: int) -> None:
    assert figures.wrong == [], str(figures)
    assert figures.unsaid == 0
    assert set(figures.states) <= OVER
    assert figures.states.total() == uploads


def test_uploads_that_have_to_wait_are_told_how_long_and_visitors_notice_nothing(tmp_path: Path) -> None:
    figures = under_load(tmp_path / "data", visitors=50, uploads=12, sites=3, largest=300_000, uploads_at_once=1)

    check_that_nobody_was_harmed(figures, 12)
    assert figures.visits >= 50


@pytest.mark.long
def test_two_hundred_uploads_and_two_thousand_visitors(tmp_path: Path) -> None:
    """How late the loop was is held against a process that does nothing: a busy machine makes that late too."""
    figures = under_load(
        tmp_path / "data", visitors=2_000, uploads=200, sites=40, largest=8_000_000, connections_per_address=5_000
    )

    check_that_nobody_was_harmed(figures, 200)
    assert figures.refused
    assert figures.memory < CEILING
    assert figures.late[bound_of_lateness(figures)] == 0, str(figures)


def bound_of_lateness(figures: Figures) -> float:
    """The lowest of the counted bounds, in seconds, that the loop has to keep on a machine as busy as this one was."""
    allowed = max(LATE, TURN * figures.machine)
    return min((bound for bound in figures.late if bound >= allowed), default=max(figures.late))
