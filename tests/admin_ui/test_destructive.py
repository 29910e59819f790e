"""What a form of the admin takes away is asked about by its name, can be undone, or is typed to confirm: each of them.

The forms are those of the admin's own list of routes: one that is new is in none of the tables below, and fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
import pytest_asyncio

from admin_ui.edge import OpenRoute, Route
from admin_ui.questions import SURE
from admin_ui.screens import SCREENS
from tests.admin_ui.desk import Desk, Page
from tests.builders import Appliance, page
from tests.cast import ALICE, BOB, OLGA, Person

on_the_server_s_loop = pytest.mark.asyncio(loop_scope="session")

POSTS: Mapping[str, Route | OpenRoute] = {
    route.rule: route for screen in SCREENS for route in screen.ROUTES if route.method == "POST"
}
ADDS = {  # takes nothing away
    "/setup": "the first account",
    "/sign-in": "a sign-in",
    "/sites": "a site",
    "/sample": "a site",
    "/people": "an account",
    "/account/tokens": "a token",
    "/sites/<name>/deploys": "a deploy; what was live is kept",
    "/sites/<name>/git/deploys": "a deploy; what was live is kept",
    "/sites/<name>/members": "a member",
    "/sites/<name>/gate/links": "a link",
    "/deploys/<deploy>/redeploy": "a deploy; what was live is kept",
    "/deploys/<deploy>/answer": "goes on with a build",
    "/checklist/put-away": "hides a list whose points stand in the help",
}
UNDONE = {  # by another form, or by the same with what stood there before, which it shows
    "/sign-out": "/sign-in",
    "/deleted-sites/<name>/restore": "/sites/<name>/delete",
    "/sites/<name>/lock": "/sites/<name>/unlock",
    "/sites/<name>/unlock": "/sites/<name>/lock",
    "/deploys/<deploy>/lock": "/deploys/<deploy>/unlock",
    "/deploys/<deploy>/unlock": "/deploys/<deploy>/lock",
    "/deploys/<deploy>/undo": "/deploys/<deploy>/publish",
    "/deploys/<deploy>/aliases": "/deploys/<deploy>/aliases",
    "/account/look": "/account/look",
    "/sites/<name>/settings": "/sites/<name>/settings",
    "/sites/<name>/builds": "/sites/<name>/builds",
    "/sites/<name>/gate": "/sites/<name>/gate",
    "/sites/<name>/git": "/sites/<name>/git",
}
TYPED = {  # field → what has to be typed there for anything to happen
    "/sites/<name>/delete": "confirm",
    "/people/<int(max=2147483647):account>/password": "confirm",
    "/account/password": "current_password",
    "/sites/<name>/builds/variables": "name",
}
ASKED_BEFORE = {  # a link leads to the question, which is a page of its own: the address, asked with GET
    "/deploys/<deploy>/publish",
    "/deploys/<deploy>/cancel",
    "/deploys/<deploy>/delete",
    "/deleted-sites/<name>/delete",
    "/stop",
}


@dataclass(frozen=True)
class Asked:
    """A form that asks: who sends it to which path with what, and the words that name what goes."""

    who: Person
    path: str
    names: tuple[str, ...]
    form: Mapping[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def asked(server: Appliance) -> dict[str, Asked]:
    """Something to lose behind every form that asks."""
    async with server.client(ALICE) as api, Desk.of(server, ALICE) as alice:
        deploy = (await alice.deploy("takes", {"index.html": page("takes")}))["id"]
        made = [
            await api.put("/api/v1/sites/takes/aliases/staging", json={"deploy": deploy}),
            await api.put(f"/api/v1/sites/takes/members/{BOB.email}"),
            await api.patch("/api/v1/sites/takes/gate", json={"password": "let them in please"}),
            await api.post("/api/v1/sites/takes/gate/bypass"),
            link := await api.post("/api/v1/sites/takes/gate/links", json={"lifetime": 3600, "label": "The press"}),
            await api.put("/api/v1/sites/takes/git", json={"url": "https://git.example.org/takes.git"}),
            await api.post("/api/v1/sites/takes/git/secret"),
            await api.put("/api/v1/sites/takes/build/variables/API_KEY", json={"value": "not to be shown"}),
            token := await api.post("/api/v1/tokens", json={"name": "laptop"}),
        ]
        signed = (await api.get("/api/v1/auth/sessions")).json()["items"][0]["id"]  # the desk, which stays signed in
    assert [answer.text for answer in made if not answer.is_success] == []
    gate, git = "/sites/takes/gate", "/sites/takes/git"
    found = {
        "/deploys/<deploy>/aliases/<alias>/remove": (f"/deploys/{deploy}/aliases/staging/remove", ("staging", "takes")),
        "/sites/<name>/gate/password/delete": (f"{gate}/password/delete", ("password", "takes")),
        "/sites/<name>/gate/links/<link>/delete": (f"{gate}/links/{link.json()['id']}/delete", ("The press", "takes")),
        "/sites/<name>/gate/bypass": (f"{gate}/bypass", ("token", "takes")),
        "/sites/<name>/gate/bypass/delete": (f"{gate}/bypass/delete", ("token", "takes")),
        "/sites/<name>/git/secret": (f"{git}/secret", ("secret", "takes")),
        "/sites/<name>/git/delete": (f"{git}/delete", ("Git", "takes")),
        "/sites/<name>/builds/variables/<variable>/delete": (
            "/sites/takes/builds/variables/API_KEY/delete",
            ("API_KEY", "takes"),
        ),
        "/sites/<name>/members/remove": ("/sites/takes/members/remove", (BOB.email, "takes")),
        "/account/tokens/<int(max=2147483647):token>/delete": (
            f"/account/tokens/{token.json()['id']}/delete",
            ("laptop",),
        ),
        "/account/sign-ins/<int(max=2147483647):session>/end": (f"/account/sign-ins/{signed}/end", ("python-httpx",)),
        "/account/sign-ins/end": ("/account/sign-ins/end", ("other sign-in",)),
    }
    forms = {
        "/sites/<name>/gate/links/<link>/delete": {"what": "The press"},
        "/sites/<name>/members/remove": {"email": BOB.email},
    }
    asked = {rule: Asked(ALICE, path, names, forms.get(rule, {})) for rule, (path, names) in found.items()}
    person = f"/people/{server.actors[BOB.email].id}"
    disable = {"role": BOB.role, "disabled": "on"}
    return {**asked, "/people/<int(max=2147483647):account>": Asked(OLGA, person, (BOB.email,), disable)}


ASKS = sorted(rule for rule, route in POSTS.items() if isinstance(route, Route) and route.asks)


def test_every_form_says_how_what_it_takes_away_is_kept_safe() -> None:
    ways = [*ADDS, *UNDONE, *TYPED, *ASKED_BEFORE, *ASKS]

    assert sorted(ways) == sorted(POSTS), "put a new form into one table above, or have its route ask"


def test_what_undoes_a_form_is_a_form() -> None:
    assert [back for back in UNDONE.values() if back not in POSTS] == []


@pytest.mark.parametrize("rule", [rule for rule in POSTS if rule.endswith(("/delete", "/remove", "/cancel"))])
def test_what_takes_away_by_its_address_asks_or_is_typed(rule: str) -> None:
    assert rule in {*TYPED, *ASKED_BEFORE, *ASKS}


@on_the_server_s_loop
@pytest.mark.parametrize("rule", ASKS)
async def test_what_goes_is_named_and_nothing_happens_before_somebody_is_sure(
    server: Appliance, asked: dict[str, Asked], rule: str
) -> None:
    one = asked[rule]

    async with Desk.of(server, one.who) as desk:
        first, again = [await desk.submit(one.path, **one.form) for _ in range(2)]

    form = next(form for form in Page(first.text).forms if SURE in form.fields)
    assert form.action == one.path
    assert [name for name in one.names if name not in Page(first.text).text.split("Sign out")[1]] == []
    assert {name: value for name, value in one.form.items() if name != "what"}.items() <= form.fields.items()
    assert SURE in again.text  # it is there still, or there would be nothing to ask about


@on_the_server_s_loop
async def test_a_link_leads_to_the_question_which_names_what_goes(server: Appliance, alice: Desk) -> None:
    first, _ = [await alice.deploy("asked", {"index.html": page(text)}) for text in ("first", "second")]
    build = await alice.deploy("asked", {"mkdocs.yml": "site_name: Docs\n", "docs/index.md": "# Docs\n"})
    await alice.submit("/sites", name="gone")
    await alice.submit("/sites/gone/delete", confirm="gone")
    there = {
        "/deploys/<deploy>/publish": (f"/deploys/{first['id']}/publish", "asked"),
        "/deploys/<deploy>/delete": (f"/deploys/{first['id']}/delete", "deploy 1 of asked"),
        "/deploys/<deploy>/cancel": (f"/deploys/{build['id']}/cancel", "deploy 3"),
        "/deleted-sites/<name>/delete": ("/deleted-sites/gone/delete", "gone"),
    }

    assert there.keys() == ASKED_BEFORE - {"/stop"}  # which is asked about where there is a way to stop: test_stopping
    for path, name in there.values():
        asked = await alice.page(path)

        assert [form.action for form in asked.forms if SURE in form.fields] == [path]
        assert name in asked.text.split("Sign out")[1]


@on_the_server_s_loop
@pytest.mark.parametrize(("rule", "field"), TYPED.items())
async def test_without_what_has_to_be_typed_nothing_happens(
    server: Appliance, asked: dict[str, Asked], rule: str, field: str
) -> None:
    path = rule.replace("<name>", "takes").replace("<int(max=2147483647):account>", str(server.actors[BOB.email].id))

    async with Desk.of(server, OLGA) as olga:
        answer = await olga.submit(path, **{field: ""}, password="long enough it is", again="long enough it is")

    assert 400 <= answer.status_code < 500
    async with server.client(ALICE) as api:
        assert (await api.get("/api/v1/sites/takes")).status_code == 200
    async with Desk.of(server, OLGA), Desk.of(server, BOB):
        pass  # their passwords are what they were


@on_the_server_s_loop
async def test_a_token_that_replaces_another_is_asked_about_and_the_first_is_not(
    server: Appliance, alice: Desk
) -> None:
    await alice.submit("/sites", name="automated")

    first = await alice.submit("/sites/automated/gate/bypass")
    second = await alice.submit("/sites/automated/gate/bypass")

    assert "ddb_" in first.text
    assert "ddb_" not in second.text
    assert "Replace the automation token of automated?" in Page(second.text).text
