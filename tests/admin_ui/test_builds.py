"""How a site is built, in the admin: choices, variables that are never shown, the question, calling off."""

import pytest

from tests.admin_ui.desk import Desk, Page
from tests.cast import BOB

pytestmark = pytest.mark.asyncio(loop_scope="session")

HUGO = {"hugo.toml": 'title = "Notes"', "content/first.md": "Hello."}


async def test_choices_are_saved_and_shown(alice: Desk) -> None:
    await alice.submit("/sites", name="chosen")

    answer = await alice.submit("/sites/chosen/builds", generator="hugo", base=".", output="public", hugo="0.150")

    assert answer.headers["location"] == "/sites/chosen/builds?done=saved"
    shown = await alice.page("/sites/chosen/builds")
    values = {known["name"]: known.get("value") for tag, known in shown.tags if tag == "input" and "name" in known}
    assert (values["base"], values["output"], values["hugo"]) == (".", "public", "0.150")
    assert "hugo" in [known["value"] for tag, known in shown.tags if "selected" in known]


async def test_a_flag_that_is_not_allowed_is_refused_by_name(alice: Desk) -> None:
    await alice.submit("/sites", name="flagged")

    answer = await alice.submit("/sites/flagged/builds", generator="auto", flags="--destination=/tmp")

    assert answer.status_code == 400
    assert "--destination" in answer.text


async def test_what_was_typed_beside_what_is_refused_is_not_lost(alice: Desk) -> None:
    await alice.submit("/sites", name="mistyped")
    typed = {"generator": "hugo", "base": "docs", "output": "html", "command": "", "node": "potato", "python": "3.12"}

    answer = await alice.submit("/sites/mistyped/builds", **typed, hugo="0.150", flags="", install_scripts="on")

    shown = Page(answer.text)
    inputs = {known["name"]: known for tag, known in shown.tags if tag == "input" and "name" in known}
    kept = {name: inputs[name].get("value") for name in ("base", "output", "command", "node", "python", "hugo")}
    assert answer.status_code == 422
    assert kept == {
        "base": "docs",
        "output": "html",
        "command": "",
        "node": "potato",
        "python": "3.12",
        "hugo": "0.150",
    }
    assert "checked" in inputs["install_scripts"]
    assert "hugo" in [known["value"] for tag, known in shown.tags if "selected" in known]


async def test_a_variable_is_set_named_and_never_shown(alice: Desk) -> None:
    await alice.submit("/sites", name="secretive")

    answer = await alice.submit(
        "/sites/secretive/builds/variables", name="API_KEY", value="hunter2hunter2", phase="fetch"
    )

    assert answer.headers["location"] == "/sites/secretive/builds?done=variable-set"
    page = await alice.get("/sites/secretive/builds")
    assert "API_KEY" in page.text
    assert "hunter2" not in page.text
    await alice.submit("/sites/secretive/builds/variables/API_KEY/delete", sure="on")
    assert "API_KEY" not in (await alice.get("/sites/secretive/builds")).text


async def test_the_name_and_phase_of_a_variable_that_is_refused_stay_and_its_value_does_not(alice: Desk) -> None:
    await alice.submit("/sites", name="retyped")
    url = "/sites/retyped/builds/variables"

    answer = await alice.submit(url, name="API-KEY", value="hunter2hunter2", phase="fetch")
    pasted = await alice.submit(url, name="API_KEY=hunter2hunter2", value="", phase="build")

    shown = Page(answer.text)
    names = [known.get("value") for tag, known in shown.tags if tag == "input" and known.get("name") == "name"]
    assert (answer.status_code, names) == (422, ["API-KEY"])
    assert "fetch" in [known["value"] for tag, known in shown.tags if "selected" in known]
    assert 'value="API_KEY"' in pasted.text
    assert "hunter2" not in answer.text + pasted.text


async def test_a_source_is_a_question_with_buttons(alice: Desk) -> None:
    asking = await alice.deploy("asked", HUGO)
    page = await alice.page(f"/deploys/{asking['id']}")

    answers = [form.fields for form in page.forms if form.action.endswith("/answer")]
    assert [fields["generator"] for fields in answers] == ["hugo", "static"]
    assert "hugo.toml is here" in page.text

    answer = await alice.submit(f"/deploys/{asking['id']}/answer", generator="static", remember="on")

    assert answer.headers["location"] == f"/deploys/{asking['id']}"


async def test_a_deploy_that_asks_can_be_called_off(alice: Desk) -> None:
    asking = await alice.deploy("regretted", HUGO)
    assert "Call off deploy 1?" in (await alice.page(f"/deploys/{asking['id']}/cancel")).text

    answer = await alice.submit(f"/deploys/{asking['id']}/cancel")

    assert answer.headers["location"] == f"/deploys/{asking['id']}?done=cancelled"
    assert "Called off by alice@example.org" in (await alice.page(f"/deploys/{asking['id']}")).text
    assert (await alice.get(f"/deploys/{asking['id']}/cancel")).status_code == 409


async def test_others_neither_see_nor_change_how_a_site_is_built(alice: Desk) -> None:
    await alice.submit("/sites", name="private-builds")
    async with Desk.of(alice.server, BOB) as bob:
        assert (await bob.get("/sites/private-builds/builds")).status_code == 404
        assert (await bob.submit("/sites/private-builds/builds/variables", name="A", value="b")).status_code == 404
