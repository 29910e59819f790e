"""Deploys: numbers, what is told of them, and what becomes of those under way."""

import asyncio
from collections.abc import Callable

import pytest

from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.deploys import ID_LENGTH, DeployFacts, Failure, NewDeploy, Ready, new_id
from appliance.errors import Limit, NotFound
from appliance.live import LiveSites
from appliance.progress import Progress
from appliance.sites import ChangeSite
from appliance.storage.manifest import Found
from appliance.storage.savings import Sums
from tests.appliance.ground import Ground, manifest_of, sha

HOST = "shop.localhost"


@pytest.fixture
async def ground(database: DataFolder, alice: Actor) -> Ground:
    """A ground with Alice's shop on it."""
    made = Ground.on(database)
    await made.site(alice, "shop")
    return made


async def live(ground: Ground, actor: Actor) -> int | None:
    """The number of the shop's live deploy, which the table agrees with."""
    facts = (await ground.sites.get(actor, "shop")).live
    release = ground.table.find(HOST)
    assert (facts and facts.deploy) == (release and release.deploy)
    return facts.number if facts else None


def test_an_id_is_a_label_and_never_a_number() -> None:
    ids = {new_id() for _ in range(500)}

    assert len(ids) == 500
    assert all(len(one) == ID_LENGTH and one.isalnum() and one[0].isalpha() and one.islower() for one in ids)


async def test_deploys_are_numbered_in_the_order_they_came(ground: Ground, alice: Actor) -> None:
    numbers = [(await ground.accepted(alice, "shop")).number for _ in range(3)]

    assert numbers == [1, 2, 3]


async def test_deploys_accepted_at_once_have_numbers_of_their_own(ground: Ground, alice: Actor) -> None:
    accepted = await asyncio.gather(*(ground.accepted(alice, "shop") for _ in range(10)))

    assert sorted(facts.number for facts in accepted) == list(range(1, 11))


async def test_an_accepted_deploy_tells_who_why_and_where(ground: Ground, alice: Actor) -> None:
    new = NewDeploy("new prices", "shop.zip", draft=True)

    facts = await ground.deploys.accept(alice, "shop", new, Progress())

    assert (facts.id, facts.state, facts.live, facts.draft) == (new.id, "queued", False, True)
    assert (facts.message, facts.author, facts.site) == ("new prices", alice.email, "shop")
    assert facts.url == "http://shop.localhost:8080/"
    assert facts.deploy_url == f"http://{new.id}--shop.localhost:8080/"
    assert facts.finished_at is None
    assert not facts.is_finished


async def test_no_deploy_is_accepted_for_a_strangers_site(ground: Ground, bob: Actor) -> None:
    with pytest.raises(NotFound):
        await ground.accepted(bob, "shop")

    assert ground.deploys.under_way == {}


async def test_a_deploy_is_working_once_its_turn_has_come(ground: Ground, alice: Actor) -> None:
    accepted = await ground.accepted(alice, "shop")

    work = await ground.deploys.work_on(accepted.id)

    assert work is not None
    assert (work.deploy, work.site, work.previous) == (accepted.id, "shop", None)
    assert (await ground.deploys.get(alice, accepted.id)).state == "working"


async def test_what_was_found_is_told_before_the_deploy_goes_live(ground: Ground, alice: Actor) -> None:
    accepted = await ground.accepted(alice, "shop")
    await ground.deploys.work_on(accepted.id)
    found = Found("no_index", "There is no index.html at the top.")

    ground.deploys.under_way[accepted.id].find([found])

    facts = await ground.deploys.get(alice, accepted.id)
    assert (facts.state, facts.live, facts.problems) == ("working", False, [found])


async def test_a_finished_deploy_is_live_with_all_its_steps_done(ground: Ground, alice: Actor) -> None:
    facts = await ground.ready(alice, "shop", "one")

    assert (facts.state, facts.live, facts.files, facts.bytes) == ("ready", True, 1, 3)
    assert [step.state for step in facts.steps] == ["done"] * 5
    assert facts.finished_at is not None
    assert facts.is_finished
    assert await live(ground, alice) == 1
    assert ground.deploys.under_way == {}


async def test_a_draft_is_ready_at_its_own_address_and_not_live(ground: Ground, alice: Actor) -> None:
    await ground.ready(alice, "shop", "one")

    draft = await ground.ready(alice, "shop", "two", draft=True)

    assert (draft.state, draft.live) == ("ready", False)
    assert await live(ground, alice) == 1
    assert await ground.shown(f"{draft.id}--shop.localhost") == sha("two")
    assert await ground.shown(HOST) == sha("one")


async def test_options_are_recorded_in_the_next_deploy_only(ground: Ground, alice: Actor) -> None:
    before = await ground.accepted(alice, "shop")
    old = await ground.deploys.work_on(before.id)

    await ground.sites.change(alice, "shop", ChangeSite(spa=True))
    after = await ground.accepted(alice, "shop")
    new = await ground.deploys.work_on(after.id)

    assert old is not None
    assert new is not None
    assert (old.options.spa, new.options.spa) == (False, True)


async def test_work_is_compared_with_what_is_live(ground: Ground, alice: Actor) -> None:
    await ground.ready(alice, "shop", "one")
    await ground.ready(alice, "shop", "two", draft=True)
    accepted = await ground.accepted(alice, "shop")

    work = await ground.deploys.work_on(accepted.id)

    assert work is not None
    assert work.previous is not None
    assert ground.manifests.get(work.previous).entries["index.html"].sha256 == sha("one")


async def test_there_is_no_work_for_a_deploy_that_is_done_or_gone(ground: Ground, alice: Actor) -> None:
    done = await ground.ready(alice, "shop", "one")

    assert await ground.deploys.work_on(done.id) is None
    assert await ground.deploys.work_on("gone") is None


async def test_a_failed_deploy_tells_why(ground: Ground, alice: Actor) -> None:
    accepted = await ground.accepted(alice, "shop")
    failure = Failure("file_too_large", "One file is too large.", Limit("file_size", "200MB"))

    await ground.deploys.fail(accepted.id, failure)

    facts = await ground.deploys.get(alice, accepted.id)
    assert (facts.state, facts.live, facts.error) == ("failed", False, failure)
    assert "failed" in [step.state for step in facts.steps]
    assert facts.is_finished
    assert await live(ground, alice) is None


async def test_what_is_committed_cannot_fail_any_more(
    ground: Ground, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = await ground.accepted(alice, "shop")
    monkeypatch.delattr(LiveSites, "swap")
    with pytest.raises(AttributeError):
        await ground.finished(accepted.id, "one")

    await ground.deploys.fail(accepted.id, Failure("internal", "Something went wrong."))

    facts = await ground.deploys.get(alice, accepted.id)
    assert (facts.state, facts.live, facts.error) == ("ready", True, None)


async def test_waiting_deploys_are_those_not_finished_oldest_first(ground: Ground, alice: Actor) -> None:
    await ground.ready(alice, "shop", "one")
    waiting = [(await ground.accepted(alice, "shop")).id for _ in range(3)]

    assert await ground.deploys.waiting() == waiting


async def test_a_listing_has_the_newest_first_and_says_which_is_live(ground: Ground, alice: Actor) -> None:
    await ground.ready(alice, "shop", "one")
    await ground.ready(alice, "shop", "two")
    waiting = await ground.accepted(alice, "shop")
    await ground.deploys.work_on(waiting.id)

    first, total = await ground.deploys.listing(alice, "shop", 1, 2)
    second, _ = await ground.deploys.listing(alice, "shop", 2, 2)

    assert [(d.number, d.state, d.live) for d in first + second] == [
        (3, "working", False),
        (2, "ready", True),
        (1, "ready", False),
    ]
    assert total == 3


async def test_a_site_without_deploys_has_an_empty_listing(ground: Ground, alice: Actor) -> None:
    assert await ground.deploys.listing(alice, "shop", 1, 50) == ([], 0)


async def test_a_strangers_deploy_is_not_there(ground: Ground, alice: Actor, bob: Actor, olga: Actor) -> None:
    deploy = await ground.ready(alice, "shop", "one")

    assert (await ground.deploys.get(olga, deploy.id)).id == deploy.id
    with pytest.raises(NotFound):
        await ground.deploys.get(bob, deploy.id)
    with pytest.raises(NotFound):
        await ground.publishing.publish(bob, "shop", deploy.id)
    with pytest.raises(NotFound):
        await ground.publishing.rollback(bob, "shop")
    assert [facts async for facts in ground.deploys.watch(bob, deploy.id)] == []


async def test_watching_tells_each_change_and_ends_with_the_deploy(ground: Ground, alice: Actor) -> None:
    accepted = await ground.accepted(alice, "shop")
    seen: list[DeployFacts] = []

    async def watch() -> None:
        async for facts in ground.deploys.watch(alice, accepted.id):
            seen.append(facts)  # noqa: PERF401 - each as it comes

    watching = asyncio.create_task(watch())
    await until(lambda: len(seen) == 1)
    await ground.finished(accepted.id, "one")

    async with asyncio.timeout(5):
        await watching
    assert seen[0].state == "queued"
    assert (seen[-1].state, seen[-1].live) == ("ready", True)
    assert [step.state for step in seen[-1].steps] == ["done"] * 5
    assert "queued" not in [facts.state for facts in seen[1:]]


async def test_watching_ends_when_the_site_is_removed(ground: Ground, alice: Actor) -> None:
    accepted = await ground.accepted(alice, "shop")
    watched = ground.deploys.watch(alice, accepted.id)
    assert (await anext(watched)).state == "queued"

    await ground.removals.remove(alice, "shop")
    assert await ground.deploys.work_on(accepted.id) is None

    async with asyncio.timeout(5):
        assert [facts async for facts in watched] == []


async def test_a_finished_deploy_is_told_once(ground: Ground, alice: Actor) -> None:
    deploy = await ground.ready(alice, "shop", "one")

    assert [facts.state async for facts in ground.deploys.watch(alice, deploy.id)] == ["ready"]


async def test_a_deploy_whose_site_is_removed_while_it_is_worked_on_comes_to_nothing(
    ground: Ground, alice: Actor
) -> None:
    accepted = await ground.accepted(alice, "shop")
    assert await ground.deploys.work_on(accepted.id) is not None
    await ground.removals.remove(alice, "shop")

    await ground.deploys.finish(accepted.id, Ready(manifest_of("one"), "unused", Sums()))

    assert ground.table.find(HOST) is None
    assert ground.deploys.under_way == {}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the condition has no event
            await asyncio.sleep(0.005)
