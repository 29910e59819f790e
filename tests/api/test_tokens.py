"""Personal tokens over HTTP: one's own and nobody else's."""

import httpx

from appliance.actor import Actor
from tests.api.conftest import signed_in


async def test_a_token_is_shown_once_and_works(user: httpx.AsyncClient, anybody: httpx.AsyncClient) -> None:
    made = (await user.post("/tokens", json={"name": "laptop"})).json()
    listed = (await user.get("/tokens")).json()["items"][-1]

    assert made["token"].startswith(made["hint"])
    assert listed.keys() == {"id", "name", "hint", "created_at", "last_used_at", "right", "site"}
    assert (listed["name"], listed["last_used_at"]) == ("laptop", None)
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert (await anybody.get("/me", headers=headers)).status_code == 200


async def test_the_last_use_shows(user: httpx.AsyncClient) -> None:
    assert (await user.get("/tokens")).json()["items"][0]["last_used_at"].endswith("Z")


async def test_a_name_is_taken_once(user: httpx.AsyncClient) -> None:
    answer = await user.post("/tokens", json={"name": "test"})

    assert (answer.status_code, answer.json()["code"]) == (409, "token_exists")


async def test_a_deleted_token_is_gone(user: httpx.AsyncClient) -> None:
    made = (await user.post("/tokens", json={"name": "laptop"})).json()

    assert (await user.delete(f"/tokens/{made['id']}")).status_code == 204
    assert (await user.delete(f"/tokens/{made['id']}")).status_code == 404


async def test_anothers_token_is_not_there(address: str, user: httpx.AsyncClient, bob: Actor) -> None:
    made = (await user.post("/tokens", json={"name": "laptop"})).json()

    async with signed_in(address, bob) as other:
        assert (await other.delete(f"/tokens/{made['id']}")).status_code == 404
        assert (await other.get("/tokens")).json()["total"] == 1


async def test_a_stranger_may_not(anybody: httpx.AsyncClient, alice: Actor) -> None:
    assert (await anybody.get("/tokens")).status_code == 401
    assert (await anybody.post("/tokens", json={"name": "x"})).status_code == 401
    assert (await anybody.delete("/tokens/1")).status_code == 401


async def test_the_wrong_method_is_refused(user: httpx.AsyncClient) -> None:
    assert (await user.put("/tokens")).headers["Allow"] == "GET, HEAD, POST"
