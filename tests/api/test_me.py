"""The account that is asking."""

import httpx
import pytest

from appliance.actor import Actor
from tests.cast import ALICE


async def test_everybody_sees_themselves(user: httpx.AsyncClient, alice: Actor) -> None:
    answer = (await user.get("/me")).json()

    assert answer.pop("created_at").endswith("Z")
    assert answer == {"id": alice.id, "email": ALICE.email, "role": "user", "disabled": False, "plan": ""}


async def test_a_stranger_is_nobody(anybody: httpx.AsyncClient, alice: Actor) -> None:
    assert (await anybody.get("/me")).status_code == 401


async def test_a_new_password_works_and_the_old_does_not(user: httpx.AsyncClient, anybody: httpx.AsyncClient) -> None:
    changed = await user.patch("/me", json={"password": "a new one for alice", "current_password": ALICE.password})

    old = await anybody.post("/auth/sign-in", json={"email": ALICE.email, "password": ALICE.password})
    new = await anybody.post("/auth/sign-in", json={"email": ALICE.email, "password": "a new one for alice"})

    assert [changed.status_code, old.status_code, new.status_code] == [200, 401, 200]


async def test_a_new_password_ends_the_other_sign_ins(anybody: httpx.AsyncClient, alice: Actor) -> None:
    credentials = {"email": ALICE.email, "password": ALICE.password}
    here, there = [(await anybody.post("/auth/sign-in", json=credentials)).json()["access_token"] for _ in range(2)]
    anybody.cookies.clear()

    await anybody.patch(
        "/me",
        json={"password": "a new one for alice", "current_password": ALICE.password},
        headers={"Authorization": f"Bearer {here}"},
    )

    statuses = [
        (await anybody.get("/me", headers={"Authorization": f"Bearer {token}"})).status_code for token in (here, there)
    ]
    assert statuses == [200, 401]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"password": "a new one for alice", "current_password": "wrong"}, "current_password"),
        ({"password": "short", "current_password": ALICE.password}, "password"),
        ({"password": "a new one for alice"}, "current_password"),
    ],
)
async def test_a_change_that_is_not_right_says_which_field(
    user: httpx.AsyncClient, body: dict[str, str], field: str
) -> None:
    answer = await user.patch("/me", json=body)

    assert answer.status_code == 422
    assert answer.json()["fields"].keys() == {field}


async def test_the_wrong_method_is_refused(user: httpx.AsyncClient) -> None:
    assert (await user.delete("/me")).headers["Allow"] == "GET, HEAD, PATCH"
