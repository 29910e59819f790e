"""`redeploy`: an earlier deploy's files once more, and nothing sent."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import folder_of, page
from tests.cli.conftest import Run
from tests.clients.ground import Host, host

SNIPPET = "<meta name=counted>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with host(tmp_path_factory.mktemp("redeploy") / "data") as made:
        yield made


@pytest.fixture
def shop(server: Host, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site_name: str) -> str:
    """A site of this test's own, with two deploys."""
    monkeypatch.setenv("DROPDOCK_SERVER", server.wire.url)
    monkeypatch.setenv("DROPDOCK_TOKEN", server.token)
    for text in ("one", "two"):
        site = folder_of(tmp_path / "site", {"index.html": page(text)})
        assert run("deploy", site, "--site", site_name, "--message", text).code == 0
    return site_name


def test_an_earlier_deploy_goes_live_again_with_the_options_of_today(run: Run, shop: str, server: Host) -> None:
    run("site", "set", shop, f"head_snippet={SNIPPET}")

    outcome = run("redeploy", shop, "1")

    assert outcome.code == 0, outcome.err
    assert server.page(shop).text == page("one").replace("<body>", f"{SNIPPET}<body>")
    assert f"Deploy 3 of {shop} is live: 1 file" in outcome.err
    assert outcome.out.startswith(f"http://{shop}.localhost:")
    assert json.loads(run("deploys", shop, "--json").out)[0]["message"] == "one"


def test_without_a_number_it_is_what_is_live_and_a_draft_leaves_that(run: Run, shop: str, server: Host) -> None:
    run("site", "set", shop, f"head_snippet={SNIPPET}")

    outcome = run("redeploy", shop, "--draft", "--message", "A look", "--json")

    made = json.loads(outcome.out)
    newest = json.loads(run("deploys", shop, "--json").out)[0]
    assert (outcome.code, made["state"], newest["message"], newest["again_of"]) == (0, "ready", "A look", 2)
    assert server.page(shop).text == page("two")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("9",), "has no deploy '9'"),
        (("1", "--if-live", "1"), "not deploy 1"),
        (("1", "--expires", "soon"), "cannot be the life of a deploy"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_made(run: Run, shop: str, words: tuple[str, ...], said: str) -> None:
    outcome = run("redeploy", shop, *words)

    assert outcome.code == 1
    assert said in outcome.err
    assert len(json.loads(run("deploys", shop, "--json").out)) == 2


def test_a_site_with_nothing_live_says_so(run: Run, shop: str) -> None:
    run("site", "create", f"{shop}-2")

    assert "nothing live to deploy again" in run("redeploy", f"{shop}-2").err
