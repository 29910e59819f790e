"""One deploy: steps, problems, error, log; and making it live."""

import pytest

from tests.admin_ui.desk import Desk
from tests.builders import finished, page

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_finished_deploy_shows_its_steps_and_log(alice: Desk) -> None:
    made = await alice.deploy("shown", {"index.html": page("one"), "Thumbs.db": "junk"}, message="why not")

    shown = await alice.page(f"/deploys/{made['id']}")

    before_the_card = shown.tags[: [tag for tag, _ in shown.tags].index("template")]  # which scripts copy for an upload
    steps = {known["data-step"]: known["data-state"] for _, known in before_the_card if "data-step" in known}
    assert steps == dict.fromkeys(("receive", "unpack", "check", "store", "publish"), "done")
    assert "why not" in shown.text
    assert shown.text.count("Left out: Thumbs.db") == 2  # found, and in the log
    assert made["deploy_url"] in shown.links()


async def test_what_an_author_has_named_or_written_is_text(alice: Desk) -> None:
    evil = "<img src=x onerror=alert(1)>"
    made = await alice.deploy("written", {"index.html": page("one"), f"{evil}.php": "x"}, message=evil)

    shown = [await alice.page(path) for path in (f"/deploys/{made['id']}", "/sites/written")]

    assert any(evil in line["text"] for line in made["log"])
    assert all(evil in one.text for one in shown)
    assert [known for one in shown for _, known in one.tags if "onerror" in known] == []


async def test_a_failed_deploy_says_why_and_offers_nothing(alice: Desk) -> None:
    made = await alice.deploy("broken", {"../evil.html": page("evil")})

    shown = await alice.page(f"/deploys/{made['id']}")

    assert made["error"]["detail"] in shown.text
    assert "failed" in [known["data-state"] for _, known in shown.tags if "data-state" in known]
    assert f"/deploys/{made['id']}/publish" not in shown.links()


async def test_one_question_and_one_answer_roll_back(alice: Desk) -> None:
    first = await alice.deploy("rolled", {"index.html": page("one")})
    await alice.deploy("rolled", {"index.html": page("two")})
    asked = await alice.page(f"/deploys/{first['id']}/publish")
    form = asked.forms[-1]

    answer = await alice.send(form.action, **form.fields)

    assert "Roll back to deploy 1?" in asked.text
    assert (answer.status_code, answer.headers["location"]) == (303, "/sites/rolled?done=published")
    assert "one" in (await alice.server.fetch("rolled.localhost")).text
    assert "The deploy is live." in (await alice.page("/sites/rolled?done=published")).text


async def test_a_live_deploy_is_not_asked_about(alice: Desk) -> None:
    made = await alice.deploy("live-already", {"index.html": page("one")})

    answer = await alice.get(f"/deploys/{made['id']}/publish")

    assert answer.status_code == 409
    assert "live already" in answer.text


async def test_one_question_and_one_answer_make_a_deploy_again(alice: Desk) -> None:
    first = await alice.deploy("again", {"index.html": page("one")}, message="why not")
    await alice.deploy("again", {"index.html": page("two")})
    offered = [await alice.page(path) for path in (f"/deploys/{first['id']}", "/sites/again/deploys")]
    asked = await alice.page(f"/deploys/{first['id']}/redeploy")
    form = asked.forms[-1]

    answer = await alice.send(form.action, **form.fields)
    async with alice.server.client(alice.person) as api:
        made = await finished(api, answer.headers["location"].rpartition("/")[2])
    shown = await alice.page(answer.headers["location"])

    assert [f"/deploys/{first['id']}/redeploy" in one.links() for one in offered] == [True, True]
    assert "Deploy the files of deploy 1 again?" in asked.text
    assert "uploaded for deploy 1, with the site's settings of today" in asked.text
    assert (made["live"], made["number"], made["message"]) == (True, 3, "why not")
    assert "The files of deploy 1, once more" in shown.text
    assert "one" in (await alice.server.fetch("again.localhost")).text


async def test_what_is_not_ready_is_not_made_again(alice: Desk) -> None:
    failed = await alice.deploy("never", {"../evil.html": page("evil")})
    path = f"/deploys/{failed['id']}/redeploy"

    answers = [await alice.get(path), await alice.submit(path)]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert path not in (await alice.page(f"/deploys/{failed['id']}")).links()


async def test_the_progress_alone_can_be_had_for_scripts(alice: Desk) -> None:
    made = await alice.deploy("progress", {"index.html": page("one")})

    answer = await alice.get(f"/deploys/{made['id']}/progress")

    assert "<html" not in answer.text
    assert 'id="progress"' in answer.text
