"""Prepared queries find what the queries themselves would."""

import pytest
from tortoise.exceptions import MultipleObjectsReturned
from tortoise.expressions import Q, Subquery
from tortoise.transactions import in_transaction

from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.models.site import Removal, Site
from appliance.prepared import Prepared
from appliance.sites import NewSite
from tests.appliance.ground import Ground

NAMED = Prepared(lambda name: Site.get_or_none(name=name).select_related("owner"), str)
NAMES = Prepared(
    lambda most, owner: (
        Site.filter(Q(owner_id=owner) | Q(last_number=owner), id__not_in=Subquery(Removal.all().values("site_id")))
        .order_by("name")
        .limit(most)
        .values_list("name", "created_at")
    ),
    int,
    int,
)


@pytest.fixture
async def ground(database: DataFolder, alice: Actor) -> Ground:
    """A ground with two sites of Alice's on it."""
    made = Ground.on(database)
    for name in ("shop", "blog"):
        await made.sites.create(alice, NewSite(name))
    return made


async def test_a_row_comes_with_what_it_is_related_to(ground: Ground, alice: Actor) -> None:
    for name in ("shop", "blog"):
        row = await NAMED(name)
        assert row is not None
        assert (row.name, row.owner.email) == (name, alice.email)

    assert await NAMED("gone") is None
    assert await NAMED("it's") is None


async def test_values_are_those_that_the_query_itself_has(ground: Ground, alice: Actor) -> None:
    rows = await Site.filter(owner_id=alice.id).order_by("name").values_list("name", "created_at")

    assert await NAMES(9, alice.id) == rows
    assert await NAMES(1, alice.id) == rows[:1]
    assert await NAMES(9, alice.id + 1) == []


async def test_it_is_asked_in_the_transaction_under_way(ground: Ground) -> None:
    async with in_transaction() as transaction:
        await Site.filter(name="shop").update(name="store")
        assert await NAMED("store") is not None
        await transaction.rollback()

    assert await NAMED("store") is None
    assert await NAMED("shop") is not None


async def test_more_than_the_one_row_is_an_error_still(ground: Ground, alice: Actor) -> None:
    one = Prepared(lambda owner: Site.get_or_none(owner_id=owner), int)

    with pytest.raises(MultipleObjectsReturned):
        await one(alice.id)


async def test_an_argument_that_the_query_does_not_use_is_a_mistake(ground: Ground) -> None:
    with pytest.raises(ValueError, match="no values of the query"):
        await Prepared(lambda _: Site.all(), str)("shop")
    with pytest.raises(ValueError, match="argument"):
        await NAMED("shop", "blog")
