"""Accounts over HTTP: operators manage, admins add users, users may not."""

import httpx
import pytest

from appliance.actor import Actor
from tests.cast import ADAM, ALICE, OLGA

NEW = {"email": "new@example.org", "password": "a good long password"}


async def test_an_operator_creates_an_account_that_can_sign_in(
    operator: httpx.AsyncClient, anybody: httpx.AsyncClient
) -> None:
    made = await operator.post("/accounts", json=NEW | {"role": "admin"})

    signed = await anybody.post("/auth/sign-in", json=NEW)

    assert (made.status_code, made.json()["role"]) == (201, "admin")
    assert signed.json()["account"]["id"] == made.json()["id"]


async def test_an_account_is_a_user_unless_said_otherwise(admin: httpx.AsyncClient) -> None:
    assert (await admin.post("/accounts", json={"email": "robot@example.org"})).json()["role"] == "user"


async def test_an_admin_may_not_create_another(admin: httpx.AsyncClient) -> None:
    assert (await admin.post("/accounts", json=NEW | {"role": "admin"})).status_code == 403


@pytest.mark.parametrize(("method", "path"), [("GET", "/accounts"), ("POST", "/accounts"), ("GET", "/accounts/1")])
async def test_a_user_may_not(user: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await user.request(method, path, json=NEW if method == "POST" else None)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_taken_email_is_a_conflict(operator: httpx.AsyncClient) -> None:
    answer = await operator.post("/accounts", json=NEW | {"email": OLGA.email})

    assert (answer.status_code, answer.json()["code"]) == (409, "account_exists")


async def test_accounts_are_listed_in_pages(admin: httpx.AsyncClient, alice: Actor) -> None:
    first = (await admin.get("/accounts?per_page=2")).json()
    second = (await admin.get("/accounts?per_page=2&page=2")).json()

    emails = [account["email"] for account in (*first["items"], *second["items"])]
    assert emails == [OLGA.email, ADAM.email, ALICE.email]
    assert (second["page"], second["per_page"], second["total"]) == (2, 2, 3)


async def test_an_account_shows_no_password(operator: httpx.AsyncClient, alice: Actor) -> None:
    shown = (await operator.get(f"/accounts/{alice.id}")).json()

    assert shown.keys() == {"id", "email", "role", "created_at", "disabled", "plan"}


async def test_an_account_that_is_not_there_is_not_found(operator: httpx.AsyncClient) -> None:
    assert (await operator.get("/accounts/4711")).json()["code"] == "no_such_account"
    assert (await operator.patch("/accounts/4711", json={})).status_code == 404


async def test_what_is_left_out_of_a_change_stays(operator: httpx.AsyncClient, alice: Actor) -> None:
    await operator.patch(f"/accounts/{alice.id}", json={"role": "admin"})

    changed = await operator.patch(f"/accounts/{alice.id}", json={"disabled": True})

    assert (changed.json()["role"], changed.json()["disabled"]) == ("admin", True)


async def test_a_disabled_account_is_out_at_once(
    operator: httpx.AsyncClient, user: httpx.AsyncClient, alice: Actor
) -> None:
    await operator.patch(f"/accounts/{alice.id}", json={"disabled": True})

    assert (await user.get("/me")).status_code == 401


@pytest.mark.parametrize("body", [{"role": None}, {"role": "root"}, {"disabled": "yes"}, {"email": "new@example.org"}])
async def test_what_cannot_be_changed_is_refused(operator: httpx.AsyncClient, alice: Actor, body: object) -> None:
    assert (await operator.patch(f"/accounts/{alice.id}", json=body)).status_code == 422


async def test_the_last_operator_stays(operator: httpx.AsyncClient, olga: Actor) -> None:
    answer = await operator.patch(f"/accounts/{olga.id}", json={"role": "user"})

    assert (answer.status_code, answer.json()["code"]) == (409, "last_operator")


async def test_an_admin_may_not_change_an_account(admin: httpx.AsyncClient, alice: Actor) -> None:
    assert (await admin.patch(f"/accounts/{alice.id}", json={"disabled": True})).status_code == 403


async def test_the_wrong_method_is_refused(operator: httpx.AsyncClient) -> None:
    assert (await operator.delete("/accounts/1")).headers["Allow"] == "GET, HEAD, PATCH"
