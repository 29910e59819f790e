"""Failed sign-ins of one network: one password tried with many e-mails, and an office behind one address."""

from dataclasses import replace
from pathlib import Path

import pytest

from appliance import sign_in
from appliance.access import Access
from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.errors import Invalid, NotSignedIn, TooMany
from appliance.models.account import SignInFailure
from appliance.networks import network_of, tells_visitors_apart
from appliance.units import networks
from tests.builders import appliance
from tests.cast import ALICE, BOB, OLGA
from tests.clock import Clock

HERE, ELSEWHERE, PROXY = "192.0.2.7", "198.51.100.9", "192.0.2.1"
WRONG = "not the password"


@pytest.fixture
def few(access: Access, database: DataFolder) -> Access:
    """Three tries are free."""
    settings = replace(access.settings, sign_in_network_attempts=3, trusted_proxies=networks(PROXY))
    return replace(access, settings=settings)


async def spray(access: Access, times: int, address: str) -> None:
    """Fail with a new e-mail each time."""
    for number in range(times):
        with pytest.raises(NotSignedIn):
            await sign_in.sign_in(access, f"somebody-{number}@example.org", WRONG, address=address)


async def test_one_password_is_not_tried_with_many_e_mails(few: Access, alice: Actor) -> None:
    await spray(few, 3, HERE)

    with pytest.raises(TooMany) as refused:
        await sign_in.sign_in(few, ALICE.email, ALICE.password, address=HERE)

    assert refused.value.detail == "Too many failed sign-ins from your network; try again in 2 seconds."
    assert refused.value.retry_after == 2
    assert refused.value.limit is not None
    assert refused.value.limit.name == "sign_in_network_attempts"
    assert (await sign_in.sign_in(few, ALICE.email, ALICE.password, address=ELSEWHERE)).actor == alice


async def test_a_wrong_current_password_counts_for_its_network(few: Access, alice: Actor) -> None:
    for _ in range(3):
        with pytest.raises(Invalid):
            await sign_in.prove_again(few, replace(alice, address=HERE), WRONG)

    with pytest.raises(TooMany) as refused:
        await sign_in.sign_in(few, BOB.email, BOB.password, address=HERE)

    assert refused.value.limit is not None
    assert refused.value.limit.name == "sign_in_network_attempts"


async def test_a_try_that_a_network_may_not_make_does_not_count_for_the_account(few: Access, alice: Actor) -> None:
    await spray(few, 3, HERE)
    for _ in range(few.settings.sign_in_attempts):
        with pytest.raises(TooMany):
            await sign_in.sign_in(few, ALICE.email, WRONG, address=HERE)

    assert (await sign_in.sign_in(few, ALICE.email, ALICE.password, address=ELSEWHERE)).actor == alice


async def test_a_try_that_an_account_has_to_wait_for_does_not_count_for_the_network(few: Access, alice: Actor) -> None:
    for _ in range(few.settings.sign_in_attempts):
        with pytest.raises(NotSignedIn):
            await sign_in.sign_in(few, ALICE.email, WRONG)
    for _ in range(9):
        with pytest.raises(TooMany) as refused:
            await sign_in.sign_in(few, ALICE.email, WRONG, address=HERE)

    assert refused.value.limit is not None
    assert refused.value.limit.name == "sign_in_attempts"


async def test_an_office_that_signs_in_is_not_locked_out(few: Access, alice: Actor, bob: Actor) -> None:
    for _ in range(9):
        await sign_in.sign_in(few, ALICE.email, ALICE.password, address=HERE)

    assert (await sign_in.sign_in(few, BOB.email, BOB.password, address=HERE)).actor == bob


async def test_who_has_an_account_cannot_clear_the_count_of_a_network(few: Access, alice: Actor, clock: Clock) -> None:
    await spray(few, 2, HERE)
    await sign_in.sign_in(few, ALICE.email, ALICE.password, address=HERE)
    clock.advance(seconds=2)  # that try was the third, until it was known to be right

    await spray(few, 1, HERE)

    with pytest.raises(TooMany):
        await sign_in.sign_in(few, ALICE.email, ALICE.password, address=HERE)


async def test_a_network_waits_no_longer_than_the_window(few: Access, alice: Actor, clock: Clock) -> None:
    await spray(few, 3, HERE)
    clock.advance(seconds=2)

    assert (await sign_in.sign_in(few, ALICE.email, ALICE.password, address=HERE)).actor == alice
    clock.advance(seconds=few.settings.sign_in_window + 1)
    await spray(few, 3, HERE)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", PROXY, ""])
async def test_addresses_that_everybody_has_are_not_counted(few: Access, address: str) -> None:
    await spray(few, 9, address)


async def test_without_a_bound_nothing_is_counted_for_networks(access: Access, database: DataFolder) -> None:
    unbounded = replace(access, settings=replace(access.settings, sign_in_network_attempts=0))

    await spray(unbounded, 2, HERE)

    assert await SignInFailure.all().count() == 2  # the e-mails


async def test_an_e_mail_cannot_stand_for_a_network(few: Access, alice: Actor) -> None:
    for _ in range(few.settings.sign_in_attempts):
        with pytest.raises(NotSignedIn):
            await sign_in.sign_in(few, HERE, WRONG)

    assert (await sign_in.sign_in(few, ALICE.email, ALICE.password, address=HERE)).actor == alice


def test_a_customers_addresses_are_one_network() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:2%eth0") != network_of("2001:db8:0:1::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("unknown") == "unknown"
    assert tells_visitors_apart("10.0.0.9", networks("10.0.0.1/32"))


async def test_what_a_trusted_proxy_says_of_its_visitors_counts(tmp_path: Path) -> None:
    trusted = networks("127.0.0.1/32")
    async with (
        appliance(tmp_path / "data", (OLGA,), sign_in_network_attempts=2, trusted_proxies=trusted) as server,
        server.client() as client,
    ):

        async def tried(address: str, email: str, password: str) -> int:
            said = {"X-Forwarded-For": address}
            body = {"email": email, "password": password}
            return (await client.post("/api/v1/auth/sign-in", json=body, headers=said)).status_code

        wrong = [await tried(HERE, f"{number}@example.org", WRONG) for number in range(3)]
        right = [await tried(address, OLGA.email, OLGA.password) for address in (HERE, ELSEWHERE)]

    assert (wrong, right) == ([401, 401, 429], [429, 200])
