"""`patch`: a few files of a site added, replaced, taken out, on top of what is live or of another deploy."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import folder_of, page
from tests.cli.conftest import Run
from tests.clients.ground import Host, host

ONE = {"index.html": page("one"), "about.html": page("about"), "old/a.txt": "a"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with host(tmp_path_factory.mktemp("patch") / "data") as made:
        yield made


@pytest.fixture
def shop(server: Host, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site_name: str) -> str:
    """A site of this test's own, with a first deploy."""
    monkeypatch.setenv("DROPDOCK_SERVER", server.wire.url)
    monkeypatch.setenv("DROPDOCK_TOKEN", server.token)
    monkeypatch.chdir(tmp_path)
    assert run("deploy", folder_of(tmp_path / "site", ONE), "--site", site_name).code == 0
    return site_name


def paths(server: Host, site: str) -> set[str]:
    return {path for path in ("/", "/about.html", "/old/a.txt", "/new.html", "/img/b.txt")
            if server.page(site, path).status_code == 200}  # fmt: skip


def test_files_are_added_replaced_and_taken_out(run: Run, shop: str, server: Host, tmp_path: Path) -> None:
    folder_of(tmp_path, {"index.html": page("two"), "draft.html": page("new"), "img/b.txt": "b"})

    outcome = run(
        "patch", shop, "--add", "index.html", "--add", "draft.html=new.html", "--add", "img", "--remove", "old/a.txt"
    )

    assert outcome.code == 0, outcome.err
    assert paths(server, shop) == {"/", "/about.html", "/new.html", "/img/b.txt"}
    assert server.page(shop).text == page("two")


@pytest.mark.parametrize(
    ("said", "path"), [("x/new.html=/", "/new.html"), ("x=/", "/new.html"), ("x/new.html=x/y/", "/x/y/new.html")]
)
def test_a_closing_slash_means_a_folder_of_the_site(
    run: Run, shop: str, server: Host, tmp_path: Path, said: str, path: str
) -> None:
    folder_of(tmp_path, {"x/new.html": page("new")})

    assert run("patch", shop, "--add", said).code == 0
    assert server.page(shop, path).text == page("new")


def test_a_draft_on_another_deploy_leaves_what_is_live(run: Run, shop: str, server: Host, tmp_path: Path) -> None:
    run("patch", shop, "--remove", "about.html")

    outcome = run("patch", shop, "--base", "1", "--remove", "old/a.txt", "--draft", "--json")

    made = json.loads(outcome.out)
    assert (outcome.code, made["state"], made["files"]) == (0, "ready", 2)
    assert paths(server, shop) == {"/", "/old/a.txt"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Say what changes"),
        (("--add", "nothing.html"), "no file or folder 'nothing.html'"),
        (("--add", "../up.html"), "says no path of the site"),
        (("--remove", "nothing.html"), "has no 'nothing.html' to remove"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_made(
    run: Run, shop: str, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path.parent / "up.html").write_text("up")

    outcome = run("patch", shop, *words)

    assert outcome.code in {1, 2}
    assert said in outcome.err
    assert len(json.loads(run("deploys", shop, "--json").out)) == 1


def test_a_site_without_a_deploy_has_nothing_to_change(run: Run, shop: str) -> None:
    run("site", "create", f"{shop}-2")

    assert "nothing live to change" in run("patch", f"{shop}-2", "--remove", "index.html").err
