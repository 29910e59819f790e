"""One site: live address, drop zone, deploys; and uploads by a plain form."""

import asyncio
import json

import pytest

from tests.admin_ui.desk import Desk, Page
from tests.builders import page, zip_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_every_deploy_is_listed_and_one_is_live(alice: Desk) -> None:
    first = await alice.deploy("two-deploys", {"index.html": page("one")}, message="the first")
    second = await alice.deploy("two-deploys", {"index.html": page("two")})

    shown = await alice.page("/sites/two-deploys")

    assert [known["data-live"] for tag, known in shown.tags if "data-live" in known] == ["true", "false"]
    assert {first["deploy_url"], second["deploy_url"], second["url"]} <= set(shown.links())
    assert f"/deploys/{first['id']}/publish" in shown.links()
    assert "the first" in shown.text


@pytest.mark.parametrize(
    ("site", "files"),
    [
        ("no-frames", {"index.html": page("one"), "_headers": "/*\n  X-Frame-Options: DENY\n"}),
        (
            "no-frames-inside",
            {
                "en/index.html": page("one"),
                "_redirects": "/ /en/\n",
                "_headers": "/en/*\n  Content-Security-Policy: frame-ancestors 'self'\n",
            },
        ),
    ],
)
async def test_a_site_that_forbids_frames_is_not_framed_but_linked(
    alice: Desk, site: str, files: dict[str, str]
) -> None:
    made = await alice.deploy(site, files)

    shown = await alice.page(f"/sites/{site}")

    assert "iframe" not in [tag for tag, _ in shown.tags]
    assert "forbids being shown inside another page" in shown.text
    assert {"href": made["url"], "target": "_blank", "rel": "noopener"} in [known for _, known in shown.tags]


async def test_a_site_that_lets_the_admin_frame_it_is_framed(alice: Desk) -> None:
    policy = f"frame-ancestors http://localhost:{alice.server.port}"
    rules = f"/*\n  X-Frame-Options: DENY\n  Content-Security-Policy: {policy}\n"
    made = await alice.deploy("some-frames", {"index.html": page("one"), "_headers": rules})

    shown = await alice.page("/sites/some-frames")

    assert [known["src"] for tag, known in shown.tags if tag == "iframe"] == [made["url"]]


async def test_what_was_found_in_the_newest_deploy_is_shown(alice: Desk) -> None:
    await alice.deploy("found", {"index.html": page("one"), ".DS_Store": "junk"})

    assert "Left out: .DS_Store" in (await alice.page("/sites/found")).text


async def test_why_the_newest_deploy_failed_is_shown(alice: Desk) -> None:
    made = await alice.deploy("unlucky", {"index.html": "x", "../out.html": "x"})

    assert made["error"]["detail"] in (await alice.page("/sites/unlucky")).text


async def test_the_drop_zone_knows_the_limit(alice: Desk) -> None:
    await alice.submit("/sites", name="limited")

    shown = await alice.page("/sites/limited")

    assert "Up to 500 MB" in shown.text
    (limits,) = [json.loads(known["data-limits"]) for _, known in shown.tags if "data-limits" in known]
    assert (limits["upload_size"], limits["entries"]) == (500_000_000, 50_000)


async def test_a_plain_form_uploads_an_archive(alice: Desk) -> None:
    await alice.submit("/sites", name="plain")
    form = next(form for form in (await alice.page("/sites/plain")).forms if "deploys" in form.action)
    archive = ("site.zip", zip_of({"index.html": page("by form")}), "application/zip")

    answer = await alice.client.post(form.action, files={"files": archive})

    assert answer.status_code == 303
    await shown_finished(alice, answer.headers["location"])
    assert "by form" in (await alice.server.fetch("plain.localhost")).text


async def test_a_plain_form_uploads_files(alice: Desk) -> None:
    await alice.submit("/sites", name="loose")
    files = [("files", ("index.html", page("loose"))), ("files", ("css/a.css", "a {}"))]

    answer = await alice.client.post(f"/sites/loose/deploys?csrf={await alice.csrf()}", files=files)

    await shown_finished(alice, answer.headers["location"])
    assert (await alice.server.fetch("loose.localhost", "/css/a.css")).text == "a {}"


async def test_an_empty_form_is_refused_with_a_page(alice: Desk) -> None:
    await alice.submit("/sites", name="empty")

    answer = await alice.client.post(f"/sites/empty/deploys?csrf={await alice.csrf()}")

    assert answer.status_code == 400
    assert "The upload is empty" in Page(answer.text).text


async def shown_finished(desk: Desk, path: str) -> None:
    """Look at a deploy's page as often as its refresh asks for it."""
    for _ in range(600):
        if "http-equiv" not in (await desk.get(path)).text:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the deploy never finished")


async def test_commands_for_ci_have_the_real_address_and_name_and_no_token(alice: Desk) -> None:
    await alice.deploy("from-ci", {"index.html": page("one")})

    shown = await alice.page("/sites/from-ci")

    assert "dropdock deploy ./public --site from-ci" in shown.text
    assert "/api/v1/sites/from-ci/deploys" in shown.text
    assert "$DROPDOCK_TOKEN" in shown.text
    assert "dd_" not in shown.text
