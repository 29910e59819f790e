"""`deploy` that sends only what changed, and the commands around it, against a server in a process of its own."""

import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from appliance.cli import deploy as deploy_command
from appliance.cli import listing
from appliance.cli.checkout import branch_of, commit_of
from appliance.cli.hashing import Hashed
from tests.builders import Files, Served, folder_of, page, served
from tests.cli.conftest import Run
from tests.fresh import lay_operator

ONE: Files = {"index.html": page("one"), "about.html": page("about"), "big.bin": b"\1" * 400_000}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    """A server with an operator, and a token of hers."""
    data = tmp_path_factory.mktemp("server") / "data"
    token = lay_operator(data)
    with served(data) as running:
        yield running, token


@pytest.fixture
def shop(server: tuple[Served, str], monkeypatch: pytest.MonkeyPatch, site_name: str) -> str:
    """The name of a site of this test's own on the server that the environment leads to."""
    monkeypatch.setenv("DROPDOCK_SERVER", server[0].url)
    monkeypatch.setenv("DROPDOCK_TOKEN", server[1])
    return site_name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "site", ONE)


def shown(server: tuple[Served, str], host: str) -> str:
    port = server[0].port
    return httpx.get(f"http://127.0.0.1:{port}/", headers={"host": f"{host}.localhost:{port}"}).text


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what is sent as content from here on."""
    sizes: list[int] = []
    send = listing._Sender._count

    def count(self: listing._Sender, size: int) -> None:
        sizes.append(size)
        send(self, size)

    monkeypatch.setattr(listing._Sender, "_count", count)
    return sizes


def test_the_second_deploy_sends_only_what_changed(
    run: Run, shop: str, server: tuple[Served, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("deploy", folder, "--site", shop).code == 0
    (folder / "index.html").write_text(page("two"))
    sizes = counted(monkeypatch)

    outcome = run("deploy", folder, "--site", shop)

    assert (outcome.code, sizes) == (0, [len(page("two"))])
    assert shown(server, shop) == page("two")


def test_a_large_first_deploy_goes_on_where_it_was_interrupted(
    run: Run, shop: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "big.bin").write_bytes(b"\2" * 500_000)  # unlike what other sites of the account hold
    monkeypatch.setattr(deploy_command, "ARCHIVE_UP_TO", 0)
    monkeypatch.setattr(listing, "SENDING", 1)
    large = listing._Sender._send_large

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(listing._Sender, "_send_large", broken)
    assert run("deploy", folder, "--site", shop).code == 130
    monkeypatch.setattr(listing._Sender, "_send_large", large)
    sizes = counted(monkeypatch)

    outcome = run("deploy", folder, "--site", shop)

    assert outcome.code == 0
    assert sum(sizes) == 500_000


@pytest.mark.parametrize("name", ["about.html", "big.bin"])
def test_a_file_that_changes_while_it_is_sent_is_named(
    run: Run, shop: str, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    run("deploy", folder, "--site", shop)
    for path in folder.iterdir():
        path.write_bytes(b"new" + shop.encode() + path.read_bytes())  # what no other site of the account holds
    listing_of = listing.listing_of

    def meanwhile(files: list[Hashed], **more: object) -> bytes:
        path = folder / name
        path.write_bytes(b"old" + path.read_bytes()[3:])
        return listing_of(files, **more)

    monkeypatch.setattr(listing, "listing_of", meanwhile)

    outcome = run("deploy", folder, "--site", shop)

    assert outcome.code == 1
    assert name in outcome.err
    assert "changed while" in outcome.err


def test_a_dry_run_says_what_would_change(run: Run, shop: str, server: tuple[Served, str], folder: Path) -> None:
    run("deploy", folder, "--site", shop)
    (folder / "index.html").write_text(page("longer"))
    (folder / "about.html").unlink()
    (folder / "new.html").write_text("new")

    outcome = run("deploy", folder, "--site", shop, "--dry-run")

    assert outcome.out.splitlines() == ["+ new.html  3 B", "- about.html  83 B", "~ index.html  79 B -> 85 B"]
    assert outcome.err == "1 added, 1 changed, 1 removed, 1 unchanged.\n88 B would be sent.\n"
    assert shown(server, shop) == page("one")


def test_a_dry_run_of_a_first_deploy_makes_no_site(run: Run, shop: str, folder: Path) -> None:
    for _ in range(2):
        outcome = run("deploy", folder, "--site", shop, "--dry-run")

        assert outcome.code == 0
        assert outcome.out.splitlines() == ["+ about.html  83 B", "+ big.bin  400.0 kB", "+ index.html  79 B"]
        assert outcome.err.endswith("400.2 kB would be sent.\n")


def test_what_the_ignore_file_names_is_left_out(run: Run, shop: str, folder: Path) -> None:
    folder_of(folder, {".dropdockignore": "*.bin\n/drafts/\n!keep.bin\n", "drafts/a.html": "a", "keep.bin": "k"})

    outcome = run("deploy", folder, "--site", shop, "--json")

    assert json.loads(outcome.out)["files"] == 3
    assert outcome.err == ""


def test_branch_and_commit_are_taken_from_git(run: Run, shop: str, folder: Path) -> None:
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q", "-b", "feature/x"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})

    run("deploy", folder, "--site", shop)

    [deploy] = json.loads(run("deploys", shop, "--json").out)
    assert (deploy["branch"], deploy["commit"]) == ("feature/x", commit_of(folder))
    assert len(deploy["commit"]) == 40
    assert branch_of(folder.parent) == commit_of(folder.parent) == ""


def test_an_alias_is_set_moved_listed_and_removed(
    run: Run, shop: str, server: tuple[Served, str], folder: Path
) -> None:
    run("deploy", folder, "--site", shop)
    (folder / "index.html").write_text(page("two"))

    staged = run("deploy", folder, "--site", shop, "--alias", "staging")

    assert staged.out.startswith(f"http://staging--{shop}.localhost:")
    assert (shown(server, shop), shown(server, f"staging--{shop}")) == (page("one"), page("two"))
    assert run("alias", "set", shop, "staging", "1").code == 0
    assert shown(server, f"staging--{shop}") == page("one")
    assert "staging" in run("alias", "list", shop).out
    assert run("alias", "remove", shop, "staging").code == 0
    assert json.loads(run("alias", "list", shop, "--json").out) == []


def test_a_locked_site_and_a_lost_race_are_said(run: Run, shop: str, folder: Path) -> None:
    run("deploy", folder, "--site", shop)
    run("lock", shop, "--reason", "a sale")
    waiting = run("deploy", folder, "--site", shop)
    assert waiting.code == 0
    assert "a sale" in waiting.err
    assert "a sale" in run("publish", shop, "2").err
    assert run("unlock", shop).code == 0

    lost = run("deploy", folder, "--site", shop, "--if-live", "2")

    assert lost.code == 1
    assert "has changed" in lost.err


def test_versions_are_compared_downloaded_and_deleted(run: Run, shop: str, folder: Path, tmp_path: Path) -> None:
    run("deploy", folder, "--site", shop)
    (folder / "index.html").write_text(page("two"))
    run("deploy", folder, "--site", shop)
    target = tmp_path / "old.zip"

    assert run("diff", shop, "1", "2").out == "~ index.html  79 B -> 79 B\n"
    assert run("download", shop, "1", "--output", target).out == f"{target}\n"
    with zipfile.ZipFile(target) as archive:
        assert archive.read("index.html").decode() == page("one")
    assert run("delete", shop, "2").code == 1
    assert run("delete", shop, "1").code == 0
    assert [each["number"] for each in json.loads(run("deploys", shop, "--json").out)] == [2]
