"""The live pointer: what moves it, what does not, and what stays as it was."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from appliance import members
from appliance.access import Access
from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.deploys import Failure, NewDeploy
from appliance.errors import Conflict, NotFound
from appliance.live import LiveSites
from appliance.models.account import Account
from appliance.models.deploy import Publication
from appliance.progress import Progress
from tests.appliance.ground import Ground, sha

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


def while_compiling(monkeypatch: pytest.MonkeyPatch, method: str, happens: Callable[[], Awaitable[Any]]) -> None:
    """Have something happen, once, after a release was compiled and before its pointer is committed."""
    compile_ = getattr(LiveSites, method)
    due = [happens]

    async def compile_and(self: LiveSites, *arguments: Any) -> Any:
        prepared = await compile_(self, *arguments)
        if due:
            await due.pop()()
        return prepared

    monkeypatch.setattr(LiveSites, method, compile_and)


async def test_a_draft_can_be_published(ground: Ground, alice: Actor) -> None:
    draft = await ground.ready(alice, "shop", "one", draft=True)

    published = await ground.publishing.publish(alice, "shop", draft.id)

    assert published.live
    assert await live(ground, alice) == 1


async def test_a_slow_old_deploy_does_not_replace_a_newer_live_one(ground: Ground, alice: Actor) -> None:
    slow = await ground.accepted(alice, "shop")
    await ground.ready(alice, "shop", "two")

    await ground.finished(slow.id, "one")

    facts = await ground.deploys.get(alice, slow.id)
    assert (facts.state, facts.live) == ("ready", False)
    assert await live(ground, alice) == 2


async def test_a_slow_old_deploy_does_not_undo_a_rollback(ground: Ground, alice: Actor) -> None:
    await ground.ready(alice, "shop", "one")
    slow = await ground.accepted(alice, "shop")
    await ground.ready(alice, "shop", "three")
    await ground.publishing.rollback(alice, "shop")

    await ground.finished(slow.id, "two")

    assert await live(ground, alice) == 1


@pytest.mark.parametrize("ending", ["membership", "account"])
async def test_a_deploy_does_not_go_live_once_its_sender_may_not_publish(
    ground: Ground, access: Access, alice: Actor, bob: Actor, ending: str
) -> None:
    await members.add(access, alice, "shop", bob.email)
    await ground.ready(alice, "shop", "one")
    slow = await ground.accepted(bob, "shop")
    aside = await ground.deploys.accept(bob, "shop", NewDeploy(alias="staging"), Progress())
    if ending == "membership":
        await members.remove(access, alice, "shop", bob.email)
    else:
        await Account.filter(id=bob.id).update(disabled_at=access.now())

    await ground.finished(slow.id, "two")
    await ground.finished(aside.id, "three")

    facts = await ground.deploys.get(alice, slow.id)
    assert [problem.code for problem in facts.problems] == ["author_gone"]
    assert await live(ground, alice) == 1
    assert await ground.shown("staging--shop.localhost") is None


async def test_a_newer_draft_does_not_keep_an_older_deploy_from_going_live(ground: Ground, alice: Actor) -> None:
    slow = await ground.accepted(alice, "shop")
    await ground.ready(alice, "shop", "two", draft=True)

    await ground.finished(slow.id, "one")

    assert await live(ground, alice) == 1


async def test_a_failed_deploy_cannot_be_published(ground: Ground, alice: Actor) -> None:
    accepted = await ground.accepted(alice, "shop")
    await ground.deploys.fail(accepted.id, Failure("damaged", "It is damaged."))

    with pytest.raises(Conflict) as refused:
        await ground.publishing.publish(alice, "shop", accepted.id)

    assert refused.value.code == "not_ready"


async def test_rollback_goes_to_what_was_live_before_again_further_back_then_no_more(
    ground: Ground, alice: Actor
) -> None:
    for text in ("one", "two", "three"):
        await ground.ready(alice, "shop", text)

    went = [(await ground.publishing.rollback(alice, "shop")).number for _ in range(2)]

    assert went == [2, 1]
    assert await ground.shown(HOST) == sha("one")
    with pytest.raises(Conflict) as refused:
        await ground.publishing.rollback(alice, "shop")
    assert refused.value.code == "no_earlier"
    assert await live(ground, alice) == 1


async def test_rollback_passes_over_drafts_and_failures(ground: Ground, alice: Actor) -> None:
    await ground.ready(alice, "shop", "one")
    await ground.ready(alice, "shop", "two", draft=True)
    failed = await ground.accepted(alice, "shop")
    await ground.deploys.fail(failed.id, Failure("damaged", "It is damaged."))
    await ground.ready(alice, "shop", "four")

    assert (await ground.publishing.rollback(alice, "shop")).number == 1


async def test_rollback_keeps_the_newer_deploy(ground: Ground, alice: Actor) -> None:
    await ground.ready(alice, "shop", "one")
    newer = await ground.ready(alice, "shop", "two")

    await ground.publishing.rollback(alice, "shop")

    assert await ground.shown(f"{newer.id}--shop.localhost") == sha("two")
    assert (await ground.publishing.publish(alice, "shop", newer.id)).live
    assert await ground.shown(HOST) == sha("two")


async def test_without_anything_live_there_is_nothing_to_roll_back(ground: Ground, alice: Actor) -> None:
    with pytest.raises(Conflict) as refused:
        await ground.publishing.rollback(alice, "shop")

    assert refused.value.code == "nothing_live"


@pytest.mark.parametrize("which", ["id", "number", "padded"])
async def test_publish_takes_a_number_or_an_id(which: str, ground: Ground, alice: Actor) -> None:
    first = await ground.ready(alice, "shop", "one")
    await ground.ready(alice, "shop", "two")

    named = {"id": first.id, "number": "1", "padded": "001"}[which]
    published = await ground.publishing.publish(alice, "shop", named)

    assert (published.id, published.live) == (first.id, True)
    assert await live(ground, alice) == 1


@pytest.mark.parametrize("deploy", ["3", "0", "nosuchid", "9" * 9, "9" * 30, "x" * 30, "²", "-1", ""])
async def test_publishing_what_is_not_there_is_not_found(deploy: str, ground: Ground, alice: Actor) -> None:
    await ground.ready(alice, "shop", "one")

    with pytest.raises(NotFound):
        await ground.publishing.publish(alice, "shop", deploy)


async def test_another_sites_deploy_cannot_be_published(ground: Ground, alice: Actor) -> None:
    await ground.site(alice, "blog")
    other = await ground.ready(alice, "blog", "one")

    with pytest.raises(NotFound):
        await ground.publishing.publish(alice, "shop", other.id)


async def test_every_move_of_the_pointer_is_on_record(ground: Ground, alice: Actor, olga: Actor) -> None:
    await ground.ready(alice, "shop", "one")
    await ground.ready(alice, "shop", "two")
    await ground.publishing.rollback(olga, "shop")
    await ground.publishing.publish(alice, "shop", "2")

    moves = await Publication.all().order_by("id").values_list("kind", "deploy__number", "account_id")

    assert moves == [
        ("deploy", 1, alice.id),
        ("deploy", 2, alice.id),
        ("rollback", 1, olga.id),
        ("publish", 2, alice.id),
    ]


async def test_a_site_removed_just_before_the_pointer_moves_stays_removed(
    ground: Ground, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = await ground.accepted(alice, "shop")
    while_compiling(monkeypatch, "prepare", lambda: ground.removals.remove(alice, "shop"))

    await ground.finished(accepted.id, "one")

    assert ground.table.find(HOST) is None
    assert await Publication.all().count() == 0
    assert ground.deploys.under_way == {}


async def test_publishing_on_a_site_removed_meanwhile_is_not_found(
    ground: Ground, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy = await ground.ready(alice, "shop", "one")
    while_compiling(monkeypatch, "prepare", lambda: ground.removals.remove(alice, "shop"))

    with pytest.raises(NotFound):
        await ground.publishing.publish(alice, "shop", deploy.id)

    assert ground.table.find(HOST) is None


async def test_publishing_at_once_leaves_table_and_pointer_agreed(ground: Ground, alice: Actor) -> None:
    for text in ("one", "two", "three"):
        await ground.ready(alice, "shop", text)

    await asyncio.gather(*(ground.publishing.publish(alice, "shop", str(1 + n % 3)) for n in range(9)))

    assert await live(ground, alice) in {1, 2, 3}  # `live` asks both
