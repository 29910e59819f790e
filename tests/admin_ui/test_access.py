"""Who may ask for what: every route of every screen, from the one list of them."""

import re

import pytest

from admin_ui.edge import OpenRoute, Route
from admin_ui.screens import SCREENS
from appliance import members
from tests.admin_ui.desk import NAVIGATION, Desk, Page
from tests.authorisation import ASKING, MATRIX
from tests.builders import Appliance, page
from tests.cast import ADAM, ALICE, BOB, CHARLIE, OLGA

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROUTES = [route for screen in SCREENS for route in screen.ROUTES]
CLOSED = [route for route in ROUTES if isinstance(route, Route)]
OF_A_SITE = [route for route in CLOSED if "<name>" in route.rule and not route.rule.startswith("/help")]
OF_A_DEPLOY = [route for route in CLOSED if "<deploy>" in route.rule]
RULES = sorted({route.rule for route in ROUTES})
ELSEWHERE = {"/events", "/deleted-sites/<name>/delete"}  # the one has no end, the other needs a site that was deleted
PAGES = [route for route in CLOSED if route.method == "GET" and route.rule not in ELSEWHERE]
DONE = {"/deploys/<deploy>/publish", "/deploys/<deploy>/cancel"}  # of a live deploy: conflicts, said in a page
STATUS = {"+": 200, "x": 403, "0": 404}  # of a page, by what tests/authorisation.py says of it


def path_of(route: Route | OpenRoute, name: str = "nothing", deploy: str = "nothing") -> str:
    return path_of_rule(route.rule, name, deploy)


def path_of_rule(rule: str, name: str = "nothing", deploy: str = "nothing") -> str:
    path = rule.replace("<name>", "deploys" if rule.startswith("/help") else name).replace("<deploy>", deploy)
    return re.sub("<int.*?>", "1", path)


def named(route: Route | OpenRoute) -> str:
    return f"{route.method} {route.rule}"


async def ask(desk: Desk, route: Route, path: str) -> int:
    options = {"html": "natural", "dialect": "netlify"}  # a form that is in order where it is read before the site
    answer = await (desk.get(path) if route.method == "GET" else desk.submit(path, **options))
    return answer.status_code


@pytest.mark.parametrize("route", CLOSED, ids=named)
async def test_a_stranger_is_asked_to_sign_in(stranger: Desk, route: Route) -> None:
    path = path_of(route)

    answer = await (stranger.get(path) if route.method == "GET" else stranger.send(path))

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("rule", RULES)
async def test_a_method_a_screen_does_not_take_is_refused(alice: Desk, rule: str) -> None:
    taken = {route.method for route in ROUTES if route.rule == rule}

    for method in {"GET", "POST", "PATCH", "DELETE"} - taken:
        answer = await alice.client.request(method, path_of_rule(rule))

        assert answer.status_code == 405, method
        assert taken <= set(answer.headers["allow"].split(", "))
        assert Page(answer.text).text.count("Method not allowed") == 2


@pytest.mark.parametrize("route", PAGES, ids=named)
async def test_a_page_is_there_for_all_who_may_and_for_nobody_else(
    server: Appliance, alice: Desk, route: Route
) -> None:
    path = path_of_rule(route.rule, *await with_member(server, alice))
    may = MATRIX[f"GET {route.rule}"]

    for who, person in (("member", CHARLIE), ("owner", ALICE), ("admin", ADAM), ("operator", OLGA)):
        async with server.client(person) as asking:
            answer = await asking.get(path, headers=NAVIGATION)
        expected = STATUS[may[ASKING.index(who)]]
        assert answer.status_code == (409 if expected == 200 and route.rule in DONE else expected), who
        assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("route", [route for route in CLOSED if route.method == "POST"], ids=named)
async def test_a_form_without_its_token_is_refused(alice: Desk, route: Route) -> None:
    answer = await alice.send(path_of(route))

    assert answer.status_code == 403
    assert "out of date" in answer.text


async def test_a_form_sent_from_a_hosted_site_is_refused(alice: Desk) -> None:
    fields = {"csrf": await alice.csrf(), "name": "stolen"}

    answer = await alice.client.post("/sites", data=fields, headers={"Sec-Fetch-Site": "same-site"})

    assert answer.status_code == 403


@pytest.mark.parametrize("route", OF_A_SITE, ids=named)
async def test_another_user_s_site_is_not_there(server: Appliance, alice: Desk, route: Route) -> None:
    await alice.deploy("private", {"index.html": page("private")})

    async with Desk.of(server, BOB) as bob:
        status = await ask(bob, route, path_of(route, name="private"))

    assert status == 404


@pytest.mark.parametrize("route", OF_A_DEPLOY, ids=named)
async def test_another_user_s_deploy_is_not_there(server: Appliance, alice: Desk, route: Route) -> None:
    made = await alice.deploy("private", {"index.html": page("private")})

    async with Desk.of(server, BOB) as bob:
        status = await ask(bob, route, path_of(route, deploy=made["id"]))

    assert status == 404


@pytest.mark.parametrize("rule", ["/sites/<name>", "/sites/<name>/settings"])
async def test_an_admin_sees_everybody_s_sites(server: Appliance, alice: Desk, rule: str) -> None:
    await alice.deploy("seen-by-adam", {"index.html": page("seen")})

    async with Desk.of(server, ADAM) as adam:
        answer = await adam.get(rule.replace("<name>", "seen-by-adam"))

    assert answer.status_code == 200


async def with_member(server: Appliance, alice: Desk) -> tuple[str, str]:
    """A site of Alice's that Charlie looks after too, and a deploy of it."""
    async with server.client(ALICE) as api:
        found = (await api.get("/api/v1/sites/shared")).json()
        if "live" not in found:
            await alice.deploy("shared", {"index.html": page("shared")})
            await members.add(server.parts.access, server.actors[ALICE.email], "shared", CHARLIE.email)
            found = (await api.get("/api/v1/sites/shared")).json()
    return "shared", found["live"]["deploy"]
