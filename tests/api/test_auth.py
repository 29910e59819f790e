"""Set-up, sign-in, refresh and sign-out over HTTP, for scripts and for browsers."""

import asyncio
from dataclasses import replace
from itertools import permutations, product

import httpx
import pytest
from quart import Quart, request

from appliance import guard, set_up, tokens
from appliance.access import Access
from appliance.actor import Actor
from appliance.data_folder import DataFolder
from tests.api.conftest import serving
from tests.cast import ALICE, BOB, OLGA, Person
from tests.clock import Clock

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


async def sign_in(client: httpx.AsyncClient, person: Person = ALICE) -> dict[str, str]:
    answer = await client.post("/auth/sign-in", json={"email": person.email, "password": person.password})
    assert answer.status_code == 200, answer.text
    signed: dict[str, str] = answer.json()
    return signed


@pytest.fixture
async def browser(anybody: httpx.AsyncClient, alice: Actor) -> httpx.AsyncClient:
    """Alice's browser: cookies, and what its scripts send along."""
    signed = await sign_in(anybody)
    anybody.headers.update(OWN_PAGE | {"X-CSRF-Token": signed["csrf_token"]})
    return anybody


async def test_set_up_makes_an_operator_and_signs_it_in(
    anybody: httpx.AsyncClient, access: Access, database: DataFolder
) -> None:
    token = await set_up.begin(access)

    answer = await anybody.post("/auth/setup", json={"token": token, "email": OLGA.email, "password": OLGA.password})

    assert answer.status_code == 201
    assert answer.json()["account"]["role"] == "operator"
    assert (await anybody.get("/me")).json()["email"] == OLGA.email


async def test_set_up_is_done_once(anybody: httpx.AsyncClient, access: Access, database: DataFolder) -> None:
    token = await set_up.begin(access)
    body = {"token": token, "email": OLGA.email, "password": OLGA.password}

    wrong = await anybody.post("/auth/setup", json=body | {"token": "wrong"})
    first = await anybody.post("/auth/setup", json=body)
    second = await anybody.post("/auth/setup", json=body | {"email": "mallory@example.org"})

    assert [wrong.status_code, first.status_code, second.status_code] == [403, 201, 409]
    assert second.json()["code"] == "set_up_done"


async def test_signing_in_gives_tokens_and_cookies(anybody: httpx.AsyncClient, alice: Actor) -> None:
    answer = await anybody.post("/auth/sign-in", json={"email": ALICE.email, "password": ALICE.password})

    assert answer.json()["account"] == {"id": alice.id, "email": ALICE.email, "role": "user"}
    assert answer.json()["expires_in"] == 600
    assert answer.json()["token_type"] == "Bearer"
    for cookie in answer.headers.get_list("Set-Cookie"):
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert "Secure" not in cookie
    assert set(anybody.cookies) == {"dropdock_access", "dropdock_refresh"}


async def test_behind_tls_the_cookies_are_bound_to_this_host(access: Access, app: Quart, alice: Actor) -> None:
    app.extensions[guard.EXTENSION] = replace(access, settings=replace(access.settings, public_scheme="https"))
    async with serving(app) as address, httpx.AsyncClient(base_url=address) as client:
        answer = await client.post("/api/v1/auth/sign-in", json={"email": ALICE.email, "password": ALICE.password})

    cookies = answer.headers.get_list("Set-Cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["__Host-dropdock_access", "__Host-dropdock_refresh"]
    assert all("Secure" in cookie and "Path=/" in cookie for cookie in cookies)


async def test_an_access_token_signs_requests(anybody: httpx.AsyncClient, alice: Actor) -> None:
    signed = await sign_in(anybody)
    anybody.cookies.clear()

    answer = await anybody.get("/me", headers={"Authorization": f"Bearer {signed['access_token']}"})

    assert answer.json()["email"] == ALICE.email


async def test_a_wrong_password_is_401_and_too_many_are_429(anybody: httpx.AsyncClient, alice: Actor) -> None:
    answers = [await anybody.post("/auth/sign-in", json={"email": ALICE.email, "password": "wrong"}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "2"
    assert answers[-1].json()["limit"] == {"name": "sign_in_attempts", "value": "5"}
    assert "Set-Cookie" not in answers[0].headers


async def test_a_script_refreshes_with_the_body(anybody: httpx.AsyncClient, alice: Actor) -> None:
    signed = await sign_in(anybody)
    anybody.cookies.clear()

    answer = await anybody.post("/auth/refresh", json={"refresh_token": signed["refresh_token"]})

    assert answer.json()["refresh_token"] != signed["refresh_token"]
    assert "Set-Cookie" not in answer.headers


async def test_a_browser_refreshes_with_its_cookie_and_sees_no_token(browser: httpx.AsyncClient) -> None:
    before = dict(browser.cookies)

    answer = await browser.post("/auth/refresh")

    assert answer.json()["access_token"] is None
    assert answer.json()["refresh_token"] is None
    assert answer.json()["csrf_token"] == browser.headers["X-CSRF-Token"]
    assert browser.cookies["dropdock_refresh"] != before["dropdock_refresh"]


@pytest.mark.parametrize("body", [None, {}, {"refresh_token": None}, {"refresh_token": "wrong"}])
async def test_refreshing_without_a_good_token_is_401(
    anybody: httpx.AsyncClient, alice: Actor, body: dict[str, str] | None
) -> None:
    answer = await anybody.post("/auth/refresh", json=body) if body is not None else await anybody.post("/auth/refresh")

    assert answer.status_code == 401


async def test_a_browsers_cookies_are_renewed_without_its_doing(browser: httpx.AsyncClient, clock: Clock) -> None:
    before = dict(browser.cookies)
    clock.advance(minutes=11)

    answer = await browser.get("/me")

    assert answer.json()["email"] == ALICE.email
    assert browser.cookies["dropdock_access"] != before["dropdock_access"]
    assert browser.cookies["dropdock_refresh"] != before["dropdock_refresh"]


async def test_cookies_are_renewed_even_when_the_answer_is_a_problem(browser: httpx.AsyncClient, clock: Clock) -> None:
    before = dict(browser.cookies)
    clock.advance(minutes=11)

    answer = await browser.patch("/me", json={}, headers={"X-CSRF-Token": "wrong"})

    assert answer.status_code == 403
    assert browser.cookies["dropdock_refresh"] != before["dropdock_refresh"]


async def test_cookies_that_are_of_no_use_are_taken_away(browser: httpx.AsyncClient, clock: Clock) -> None:
    clock.advance(days=31)

    answer = await browser.get("/me")

    assert answer.status_code == 401
    assert not browser.cookies


COOKIES = ("dropdock_access", "dropdock_refresh")


async def cookies_of(address: str, person: Person) -> dict[str, str]:
    async with httpx.AsyncClient(base_url=f"{address}/api/v1") as client:
        await sign_in(client, person)
        return dict(client.cookies)


async def test_who_brings_two_sign_ins_is_let_in_by_neither(address: str, alice: Actor, bob: Actor) -> None:
    """A hosted site can set Bob's cookies for the whole domain: Alice must not come to work in his account."""
    own, tossed = await cookies_of(address, ALICE), await cookies_of(address, BOB)
    ours = [[f"{name}={own[name]}" for name in names] for names in (COOKIES, COOKIES[1:])]  # access may have run out
    theirs = [[f"{name}={tossed[name]}" for name in names] for names in (COOKIES, COOKIES[:1], COOKIES[1:])]
    ways = [way for pair in product(ours, theirs) for way in permutations(pair)]  # either may be sent first

    async with httpx.AsyncClient() as client:
        answers = [
            await client.get(f"{address}/api/v1/me", headers={"Cookie": "; ".join([*first, *second])})
            for first, second in ways
        ]

    assert [(answer.status_code, answer.json().get("code")) for answer in answers] == [(403, "mixed_cookies")] * 12
    assert [answer for answer in answers if "set-cookie" in answer.headers] == []  # or only the other's would be left


@pytest.mark.parametrize("ours", [COOKIES, COOKIES[1:]])
async def test_cookies_that_mean_nothing_keep_nobody_out(address: str, alice: Actor, ours: tuple[str, ...]) -> None:
    own = await cookies_of(address, ALICE)
    sent = [*(f"{name}={value}" for name in COOKIES for value in "xyz"), *(f"{name}={own[name]}" for name in ours)]

    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{address}/api/v1/me", headers={"Cookie": "; ".join(sent)})

    assert (answer.status_code, answer.json()["email"]) == (200, ALICE.email)


async def test_signing_out_ends_the_session_at_once(browser: httpx.AsyncClient) -> None:
    kept = dict(browser.cookies)

    answer = await browser.post("/auth/sign-out")

    assert answer.status_code == 204
    assert not browser.cookies
    browser.cookies.update(kept)
    assert (await browser.get("/me")).status_code == 401
    bearer = {"Authorization": f"Bearer {kept['dropdock_access']}"}
    assert (await browser.get("/me", headers=bearer)).status_code == 401


async def test_signing_out_when_the_access_cookie_ran_out_leaves_no_cookie(
    browser: httpx.AsyncClient, clock: Clock
) -> None:
    clock.advance(minutes=11)

    answer = await browser.post("/auth/sign-out")

    assert answer.status_code == 204
    assert not browser.cookies


async def test_a_personal_token_is_no_sign_in_to_end(user: httpx.AsyncClient) -> None:
    answer = await user.post("/auth/sign-out")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_session")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-site"},  # a hosted site: one cookie away from the admin
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1"},
        {"Origin": "http://evil.localhost"},
        {"Origin": "null"},
        {"Origin": "http://[bad"},
        {},
    ],
)
async def test_a_change_from_another_origin_is_refused_though_the_token_is_right(
    browser: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    del browser.headers["Sec-Fetch-Site"]

    answer = await browser.post("/tokens", json={"name": "stolen"}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin")
    assert (await browser.get("/tokens")).json()["total"] == 0


@pytest.mark.parametrize("token", ["", "wrong", "é"])
async def test_a_change_without_the_csrf_token_is_refused_though_the_origin_is_right(
    browser: httpx.AsyncClient, token: str
) -> None:
    answer = await browser.post("/tokens", json={"name": "stolen"}, headers={b"X-CSRF-Token": token.encode("latin1")})

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")


async def test_another_sessions_csrf_token_is_of_no_use(browser: httpx.AsyncClient, address: str, bob: Actor) -> None:
    async with httpx.AsyncClient(base_url=f"{address}/api/v1") as other:
        bobs = (await sign_in(other, BOB))["csrf_token"]

    answer = await browser.post("/tokens", json={"name": "stolen"}, headers={"X-CSRF-Token": bobs})

    assert answer.status_code == 403


async def test_the_csrf_token_may_come_in_the_query(browser: httpx.AsyncClient) -> None:
    token = browser.headers.pop("X-CSRF-Token")

    answer = await browser.post(f"/tokens?csrf={token}", json={"name": "laptop"})

    assert answer.status_code == 201


async def test_the_csrf_token_may_come_in_a_form(app: Quart, browser: httpx.AsyncClient) -> None:
    @app.post("/form")
    async def form() -> str:
        return guard.actor().email

    app.url_map.update()
    token = browser.headers.pop("X-CSRF-Token")
    url = str(browser.base_url).removesuffix("/api/v1/") + "/form"

    assert (await browser.post(url, data={"csrf": token, "name": "x"})).text == ALICE.email
    assert (await browser.post(url, data={"name": "x"})).status_code == 403


async def test_a_page_finds_the_csrf_token_its_forms_need(app: Quart, address: str, alice: Actor) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        signed = await sign_in_at(client)

        assert (await client.get("/page")).text == signed["csrf_token"]
        bearer = {"Authorization": f"Bearer {signed['access_token']}"}
        assert (await client.get("/page", headers=bearer)).text == signed["csrf_token"]


async def test_there_is_no_csrf_token_for_a_personal_token(app: Quart, address: str, user: httpx.AsyncClient) -> None:
    assert (await user.get(f"{address}/page")).text == ""


async def test_a_script_that_keeps_cookies_may_sign_in_again(anybody: httpx.AsyncClient, alice: Actor) -> None:
    first, second = await sign_in(anybody), await sign_in(anybody)

    assert first["csrf_token"] != second["csrf_token"]


async def sign_in_at(client: httpx.AsyncClient) -> dict[str, str]:
    answer = await client.post("/api/v1/auth/sign-in", json={"email": ALICE.email, "password": ALICE.password})
    signed: dict[str, str] = answer.json()
    return signed


@pytest.fixture
def app(app: Quart) -> Quart:
    @app.get("/page")
    async def page() -> str:
        return guard.csrf()

    @app.post("/kept")
    async def kept() -> str:
        return (await tokens.create(guard.actor(), (await request.form)["name"])).token

    return app


async def test_where_browsers_send_no_fetch_metadata_the_own_origin_is_good(browser: httpx.AsyncClient) -> None:
    del browser.headers["Sec-Fetch-Site"]
    origin = str(browser.base_url).removesuffix("/api/v1/")

    answer = await browser.post("/tokens", json={"name": "laptop"}, headers={"Origin": origin})

    assert answer.status_code == 201


async def test_signing_in_from_another_sites_page_is_refused(anybody: httpx.AsyncClient, alice: Actor) -> None:
    answer = await anybody.post(
        "/auth/sign-in",
        json={"email": ALICE.email, "password": ALICE.password},
        headers={"Origin": "http://evil.localhost"},
    )

    assert answer.status_code == 403
    assert not anybody.cookies


async def test_a_bearer_token_needs_no_csrf_token(user: httpx.AsyncClient) -> None:
    answer = await user.post("/tokens", json={"name": "laptop"}, headers={"Origin": "http://elsewhere.example"})

    assert answer.status_code == 201


@pytest.mark.parametrize("form", [False, True])
async def test_a_change_begun_with_a_token_that_is_taken_back_is_not_made(
    app: Quart, address: str, alice: Actor, *, form: bool
) -> None:
    """Its sender could hold it open for days, and then make a token that nobody knows of."""
    leaked = await tokens.create(alice, "leaked")
    body, kind = (b"name=kept", b"x-www-form-urlencoded") if form else (b'{"name": "kept"}', b"json")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    head = b"POST %b HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %b\r\nContent-Type: application/%b\r\n"
    path = b"/kept" if form else b"/api/v1/tokens"
    writer.write(head % (path, leaked.token.encode(), kind) + b"Content-Length: %d\r\n\r\n%b" % (len(body), body[:3]))
    async with asyncio.timeout(30):
        while (await tokens.get(alice, leaked.facts.id)).last_used_at is None:  # noqa: ASYNC110 - until it has opened
            await asyncio.sleep(0.02)
        await tokens.remove(alice, leaked.facts.id)
        writer.write(body[3:])
        status = await reader.readline()
    writer.close()

    assert status.startswith(b"HTTP/1.1 401 ")
    assert (await tokens.listing(alice, 1, 10))[1] == 0
