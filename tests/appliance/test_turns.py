"""How many deploys are worked on at the same time, in all, per account and per site."""

import pytest

from appliance.turns import Builder, Most, Turns

ALICES, BOBS = Builder(1, 10), Builder(2, 20)
ALICES_OTHER = Builder(1, 11)


def turns(*, deploys: int = 1, builds: int = 2, per_account: int = 2, per_site: int = 1) -> Turns:
    return Turns(Most(deploys, builds, per_account, per_site))


def taken(made: Turns, **builds: Builder) -> list[str]:
    """Those of the builds whose turn comes."""
    for deploy, builder in builds.items():
        made.is_build(deploy, builder)
    return [deploy for deploy in builds if made.take(deploy)]


@pytest.mark.parametrize(
    ("limits", "builds", "having"),
    [
        ({"builds": 2}, {"a": ALICES, "b": BOBS, "c": ALICES_OTHER}, ["a", "b"]),
        ({"builds": 3, "per_account": 1}, {"a": ALICES, "b": ALICES_OTHER, "c": BOBS}, ["a", "c"]),
        ({"builds": 3, "per_account": 3}, {"a": ALICES, "b": ALICES, "c": ALICES_OTHER}, ["a", "c"]),
        ({"builds": 3, "per_account": 3, "per_site": 2}, {"a": ALICES, "b": ALICES, "c": ALICES}, ["a", "b"]),
    ],
    ids=["in all", "per account", "per site", "two of a site"],
)
def test_no_more_have_a_turn_than_the_limits_say(
    limits: dict[str, int], builds: dict[str, Builder], having: list[str]
) -> None:
    assert taken(turns(**limits), **builds) == having


def test_a_plain_deploy_does_not_wait_for_builds_nor_they_for_it() -> None:
    made = turns(builds=1)

    assert taken(made, a=ALICES) == ["a"]
    assert made.take("plain")
    assert not made.take("another")


def test_who_waits_is_named_when_there_is_room_in_the_order_they_came() -> None:
    made = turns(builds=1, per_account=1)
    taken(made, a=ALICES, b=BOBS, c=ALICES_OTHER)

    assert made.give_back("a") == ["b", "c"]
    assert made.take("b")
    assert not made.take("c")
    assert made.give_back("b") == ["c"]


def test_a_deploy_of_a_busy_site_does_not_hold_up_those_behind_it() -> None:
    made = turns(builds=2)
    taken(made, a=ALICES, again=ALICES, b=BOBS)

    assert made.give_back("b") == []
    assert made.give_back("a") == ["again"]


def test_a_plain_deploy_that_turns_out_to_be_a_build_gives_its_place_back() -> None:
    made = turns()
    made.take("a")
    made.give_back("a")
    made.is_build("a", ALICES)

    assert made.take("a")
    assert made.take("plain")


def test_one_that_was_called_off_is_not_named_any_more() -> None:
    made = turns(builds=1)
    taken(made, a=ALICES, b=BOBS)

    made.forget("b")

    assert made.give_back("a") == []
    assert made.waiting == 0
