"""One's own sign-ins over HTTP: listed, ended, and nobody else's."""

import httpx

from appliance.actor import Actor
from tests.api.conftest import signed_in
from tests.api.test_auth import sign_in
from tests.cast import BOB


async def bearer(client: httpx.AsyncClient) -> dict[str, str]:
    """What a script sends that has signed in with Alice's password."""
    return {"Authorization": f"Bearer {(await sign_in(client))['access_token']}"}


async def test_sign_ins_are_listed_and_the_one_that_asks_is_marked(
    anybody: httpx.AsyncClient, user: httpx.AsyncClient
) -> None:
    here = await bearer(anybody)
    await sign_in(anybody)

    items = (await user.get("/auth/sessions", headers=here)).json()["items"]

    assert sorted(item["current"] for item in items) == [False, True]
    assert items[0].keys() == {"id", "client", "created_at", "last_used_at", "expires_at", "current"}
    assert items[0]["client"].startswith("python-httpx")
    assert {item["current"] for item in (await user.get("/auth/sessions")).json()["items"]} == {False}


async def test_one_that_is_ended_is_refused_at_once(anybody: httpx.AsyncClient, user: httpx.AsyncClient) -> None:
    there = await bearer(anybody)
    [listed] = (await user.get("/auth/sessions")).json()["items"]

    assert (await user.delete(f"/auth/sessions/{listed['id']}")).status_code == 204

    assert (await user.get("/me", headers=there)).status_code == 401
    again = await user.delete(f"/auth/sessions/{listed['id']}")
    assert (again.status_code, again.json()["code"]) == (404, "no_such_session")


async def test_all_others_end_but_the_one_that_asks(anybody: httpx.AsyncClient, user: httpx.AsyncClient) -> None:
    here, there = await bearer(anybody), await bearer(anybody)

    assert (await user.delete("/auth/sessions", headers=here)).status_code == 204

    assert (await user.get("/me", headers=here)).status_code == 200
    assert (await user.get("/me", headers=there)).status_code == 401


async def test_a_personal_token_ends_them_all_and_goes_on(anybody: httpx.AsyncClient, user: httpx.AsyncClient) -> None:
    here = await bearer(anybody)

    assert (await user.delete("/auth/sessions")).status_code == 204

    assert (await user.get("/me", headers=here)).status_code == 401
    assert (await user.get("/me")).status_code == 200


async def test_anothers_sign_in_is_not_there(
    address: str, anybody: httpx.AsyncClient, user: httpx.AsyncClient, bob: Actor
) -> None:
    bobs = (await sign_in(anybody, BOB))["access_token"]
    async with signed_in(address, bob) as other:
        [listed] = (await other.get("/auth/sessions")).json()["items"]

        assert (await user.delete(f"/auth/sessions/{listed['id']}")).status_code == 404
        assert (await user.get("/auth/sessions")).json()["total"] == 0
        assert (await other.get("/me", headers={"Authorization": f"Bearer {bobs}"})).status_code == 200


async def test_a_stranger_may_not(anybody: httpx.AsyncClient, alice: Actor) -> None:
    assert (await anybody.get("/auth/sessions")).status_code == 401
    assert (await anybody.delete("/auth/sessions")).status_code == 401
    assert (await anybody.delete("/auth/sessions/1")).status_code == 401
