"""Locks on paths, over every lane: they hold for every spelling, and each asks for its own users."""

import pytest

from appliance.serving.addresses import read_path
from appliance.serving.entrance import Entrance, compile_locks
from appliance.serving.unlock import Proofs
from appliance.storage.rules import Lock
from tests.serving.guarded import BROWSER, LOCKED, PASSWORD, Guarded, basic
from tests.serving.lanes import LANES

PAGES = [
    b"/members/list.html",
    b"/members/",
    b"/members",
    b"/%6dembers/x",
    b"/x/../members/x",
    b"/MEMBERS/list",
    b"//members/x",
]


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("target", PAGES)
def test_a_locked_path_asks_for_a_name_however_it_is_spelled(guarded: Guarded, lane: str, target: bytes) -> None:
    answer = guarded.get(lane, target, BROWSER, host=LOCKED)

    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("lane", LANES)
def test_beside_the_lock_the_site_is_as_ever(guarded: Guarded, lane: str) -> None:
    for target in (b"/", b"/docs", b"/membersx", b"/%00", b"/.dropdock/unlock"):
        theirs = guarded.get(lane, target, host=LOCKED)
        assert theirs.comparable == guarded.get(lane, target, host=b"open.localhost").comparable


@pytest.mark.parametrize("lane", LANES)
def test_the_last_lock_that_matches_says_who_may_pass(guarded: Guarded, lane: str) -> None:
    for name, list_status, other_status in (("ann", 401, 404), ("bob", 200, 401), ("eve", 401, 401)):
        who = basic(name, PASSWORD)
        assert guarded.get(lane, b"/members/list.html", who, host=LOCKED).status == list_status
        assert guarded.get(lane, b"/members/other", who, host=LOCKED).status == other_status


def test_a_lock_s_tries_are_counted_too(guarded: Guarded) -> None:
    for number in range(6):
        guarded.get("fast", b"/members/x", basic("ann", f"wrong {number}"), host=LOCKED)

    assert guarded.get("fast", b"/members/x", basic("ann", "yet another"), host=LOCKED).status == 429


def test_a_lock_that_cannot_be_read_locks_everything() -> None:
    (lock,) = compile_locks((Lock("nonsense", ("ann:x",)),), "cloudflare")

    assert lock.fits([read_path(b"/whatever")])


@pytest.mark.parametrize("dialect", ["netlify", "cloudflare"])
@pytest.mark.parametrize(
    ("pattern", "target"),
    [
        ("/caf%C3%89/*", b"/caf%C3%89/x"),
        ("/caf\u00c9/*", b"/cafe%CC%81/x"),
        ("/%41dmin/*", b"/Admin/x"),
        ("/stra\u00dfe/*", b"/STRASSE/x"),
        ("/members/*", b"/member%C5%BF/x"),  # a long s, which a site where capitals do not matter would move
        ("/:year/%41/*", b"/2026/a/x"),
    ],
)
def test_a_lock_is_for_every_spelling_of_its_path(dialect: str, pattern: str, target: bytes) -> None:
    entrance = Entrance(None, compile_locks((Lock(pattern, ("ann:x",)),), dialect), Proofs(b""))

    assert entrance.refuses(target, {})
    assert not entrance.refuses(b"/elsewhere", {})
