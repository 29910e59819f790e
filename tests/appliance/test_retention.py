"""Which deploys the operator's rules delete, which they never do, and that it is written down."""

from datetime import UTC, datetime, timedelta

import pytest

from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.deploys.retention import Retention, Rules, due
from appliance.deploys.withdrawing import Withdrawing
from appliance.models.audit import AuditEntry
from appliance.models.deploy import Deploy
from tests.appliance.ground import Ground

DAY = 86_400.0  # seconds
TWO = Rules(count=2, age=0, grace=DAY)


@pytest.fixture
async def ground(database: DataFolder, alice: Actor) -> Ground:
    """A site with seven deploys, a day between each; the last one is a month old, and live."""
    made = Ground.on(database)
    await made.site(alice, "shop")
    for number in range(1, 8):
        facts = await made.ready(alice, "shop", f"page {number}")
        await Deploy.filter(id=facts.id).update(created_at=datetime.now(UTC) - timedelta(days=37 - number))
    return made


async def numbers() -> list[int]:
    return [row.number for row in await Deploy.all().order_by("number")]


async def going(rules: Rules) -> list[int]:
    return [one.number for one in await due(rules)]


async def apply(ground: Ground, rules: Rules) -> list[int]:
    await Retention(rules, Withdrawing(ground.publishing, ground.live)).apply()
    return await numbers()


async def id_of(number: int) -> str:
    return str((await Deploy.get(number=number)).id)


async def test_without_rules_everything_is_kept(ground: Ground) -> None:
    assert await going(Rules(count=0, age=0, grace=0)) == []


async def test_the_newest_are_kept_by_count_and_what_goes_is_told_before(ground: Ground) -> None:
    told = await due(TWO)

    assert [(one.site, one.number, one.rule) for one in told] == [("shop", n, "keep_deploys") for n in range(1, 6)]
    assert await apply(ground, TWO) == [6, 7]


async def test_what_is_older_than_the_age_goes(ground: Ground) -> None:
    assert await apply(ground, Rules(count=0, age=33.5 * DAY, grace=DAY)) == [4, 5, 6, 7]


async def test_the_grace_goes_before_the_rules(ground: Ground) -> None:
    assert await going(Rules(count=1, age=DAY, grace=34.5 * DAY)) == [1, 2]


async def test_the_live_deploy_the_one_before_it_and_the_newest_stay_whatever_the_rules(
    ground: Ground, alice: Actor
) -> None:
    await ground.publishing.publish(alice, "shop", "4")

    assert await apply(ground, Rules(count=1, age=DAY, grace=DAY)) == [3, 4, 7]


async def test_a_rollback_finds_its_deploy_after_the_rules_were_applied(ground: Ground, alice: Actor) -> None:
    await apply(ground, Rules(count=1, age=DAY, grace=DAY))

    assert (await ground.publishing.rollback(alice, "shop")).number == 6


async def test_what_has_an_alias_stays(ground: Ground, alice: Actor) -> None:
    await ground.aliases.set(alice, "shop", "old", await id_of(2))

    assert await apply(ground, TWO) == [2, 6, 7]


async def test_nothing_of_a_locked_site_goes(ground: Ground, alice: Actor) -> None:
    await ground.locks.lock(alice, "shop")

    assert await going(TWO) == []


async def test_what_is_under_way_stays(ground: Ground, alice: Actor) -> None:
    waiting = await ground.accepted(alice, "shop")
    await Deploy.filter(id=waiting.id).update(created_at=datetime.now(UTC) - timedelta(days=90))

    assert 8 not in await going(Rules(count=1, age=DAY, grace=DAY))


async def test_a_deploy_that_came_to_be_of_use_meanwhile_stays(
    ground: Ground, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the deletion somebody publishes the oldest."""

    async def publish_first(*_: object) -> list[object]:
        found = await due(TWO)
        await ground.publishing.publish(alice, "shop", "1")
        return list(found)

    monkeypatch.setattr("appliance.deploys.retention.due", publish_first)

    assert await apply(ground, TWO) == [1, 6, 7]


async def test_the_audit_log_says_that_the_system_deleted_it_and_by_which_rule(ground: Ground) -> None:
    await apply(ground, Rules(count=6, age=0, grace=DAY))

    entry = await AuditEntry.get(action="deploy.delete")
    assert (entry.who, entry.site, entry.details["number"], entry.details["rule"]) == ("", "shop", 1, "keep_deploys")


async def test_visitors_get_what_is_live_as_before(ground: Ground) -> None:
    before = await ground.shown("shop.localhost")

    await apply(ground, TWO)

    assert before is not None
    assert await ground.shown("shop.localhost") == before
