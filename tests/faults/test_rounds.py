"""Whatever ends the server and whenever, nothing that was answered is lost: `tests/faults/run.py`, in pytest."""

from pathlib import Path

import pytest

from tests.faults.campaign import Campaign
from tests.faults.model import Kept, SiteModel
from tests.faults.points import POINTS, Point

SEED = 7


def test_a_few_rounds_lose_nothing(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path / "data", SEED)

    campaign.run(5)

    assert campaign.lost == []
    assert campaign.faults.total() == 5
    assert campaign.answered > 0
    assert campaign.visits > 0


@pytest.mark.long
def test_two_hundred_rounds_lose_nothing(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path / "data", SEED)

    campaign.run(200)

    assert campaign.lost == []


@pytest.mark.long
def test_a_deploy_whose_server_is_killed_at_four_starts_in_a_row_goes_live(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path / "data", SEED)

    campaign.run_into("unpack.write", starts=4)

    assert campaign.lost == []
    assert campaign.faults["kill at unpack.write"] > 2  # a start on a busy machine may not come to it in time


def test_a_deploy_that_came_to_nothing_counts_where_only_so_many_are_kept() -> None:
    site = SiteModel(
        "shop", keeps=1, deploys={name: Kept(name, number, {}) for number, name in enumerate("ab", start=1)}
    )
    first, second = site.deploys.values()
    site.count([])
    site.drop(second)

    site.count([first.number])

    assert site.may_be_retired(first)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_every_point_is_in_the_program(point: Point) -> None:
    owner, name = point.owner()

    assert callable(getattr(owner, name))


def test_no_two_points_have_one_name() -> None:
    assert len({point.name for point in POINTS}) == len(POINTS)
