"""Fetching a repository: what is packed, what is refused, and where no connection goes."""

import contextlib
import ipaddress
import random
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builds.cloning import Cloned, CloneJob, check_url, clone
from builds.errors import BuildError
from tests.git_host import GitHost, git_host

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
LIMITS = {"git_size": "1MB", "unpacked_size": "2MB"}

pytestmark = pytest.mark.needs("git")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHost]:
    with git_host(tmp_path / "repositories") as made:
        monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
        yield made


def job(url: str, **changes: object) -> CloneJob:
    plain = CloneJob(url, "", "", "", "", 1_000_000, 2_000_000, 30, LOOPBACK, LIMITS)
    return replace(plain, **changes)  # type: ignore[arg-type]


def cloned(folder: Path, wanted: CloneJob) -> tuple[Cloned, dict[str, bytes]]:
    """What came, and the packed files."""
    workspace = folder / "workspace"
    workspace.mkdir()
    facts = clone(wanted, workspace, folder / "clone.tar")
    with tarfile.open(folder / "clone.tar") as packed:
        members = packed.getmembers()
        contents = {member.name: packed.extractfile(member) for member in members}
        return facts, {name: content.read() if content else b"" for name, content in contents.items()}


def refusal(folder: Path, wanted: CloneJob) -> BuildError:
    with pytest.raises(BuildError) as caught:
        cloned(folder, wanted)
    return caught.value


def test_the_newest_commit_of_the_default_branch_is_packed(host: GitHost, tmp_path: Path) -> None:
    host.commit("site", {"old.html": "old"}, message="First")
    host.git("site", "rm", "-q", "old.html")
    newest = host.commit("site", {"index.html": "new", "a/b/c.txt": "deep"}, message="Second\n\nand more of it")

    facts, files = cloned(tmp_path, job(host.url("site")))

    assert facts == Cloned("main", newest, "Second", 2)
    assert files == {"index.html": b"new", "a/b/c.txt": b"deep"}


def test_history_is_not_fetched(host: GitHost, tmp_path: Path) -> None:
    for number in range(5):
        host.commit("site", {"noise": f"{number}".encode() * 10 + bytes(range(256)) * number}, message=f"{number}")
    host.commit("site", {"noise": "small"})

    facts, files = cloned(tmp_path, job(host.url("site"), size=2_000))

    assert files == {"noise": b"small"}
    assert facts.files == 1


def test_a_branch_and_a_folder_are_chosen(host: GitHost, tmp_path: Path) -> None:
    host.commit("site", {"index.html": "main"})
    host.commit("site", {"docs/public/index.html": "docs"}, branch="feature/new-docs")

    facts, files = cloned(tmp_path, job(host.url("site"), branch="feature/new-docs", folder="docs/public"))

    assert facts.branch == "feature/new-docs"
    assert files == {"index.html": b"docs"}


def test_a_token_is_sent_and_only_to_its_host(host: GitHost, tmp_path: Path) -> None:
    host.commit("site", {"index.html": "private"})
    host.token = "a read-only token"

    _, files = cloned(tmp_path, job(host.url("site"), token=host.token))

    assert files == {"index.html": b"private"}


@pytest.mark.parametrize(("token", "sentence"), [("", "asks for a token"), ("wrong", "does not take this token")])
def test_a_repository_that_wants_another_token_says_so(
    host: GitHost, tmp_path: Path, token: str, sentence: str
) -> None:
    host.commit("site", {"index.html": "private"})
    host.token = "right"

    error = refusal(tmp_path, job(host.url("site"), token=token))

    assert sentence in error.detail
    assert "wrong" not in error.detail


def test_a_redirect_does_not_take_the_token_to_another_host(host: GitHost, tmp_path: Path) -> None:
    host.commit("new", {"index.html": "moved"})
    host.moved["site"] = host.url("new", "127.0.0.1")

    with contextlib.suppress(BuildError):  # it may be followed or not
        cloned(tmp_path, job(host.url("site"), token="secret"))

    assert [given for path, given in host.asked if path.startswith("/new") and given] == []


def test_a_redirect_to_plain_http_is_not_followed(host: GitHost, tmp_path: Path) -> None:
    host.moved["site"] = "http://localhost:1/site"

    assert refusal(tmp_path, job(host.url("site"))).code == "unreachable"


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_no_private_address_is_connected_to(host: GitHost, tmp_path: Path, name: str) -> None:
    host.commit("site", {"index.html": "inside"})

    error = refusal(tmp_path, job(host.url("site", name), allowed=()))

    assert "private address" in error.detail
    assert host.asked == []


def test_too_much_to_fetch_names_the_setting(host: GitHost, tmp_path: Path) -> None:
    host.commit("site", {"noise": random.Random(5).randbytes(300_000)})

    error = refusal(tmp_path, job(host.url("site"), size=5_000, limits={**LIMITS, "git_size": "5KB"}))

    assert error.limit == ("git_size", "5KB")


def test_files_that_unpack_to_too_much_are_refused(host: GitHost, tmp_path: Path) -> None:
    host.commit("site", {"bomb": b"\0" * 3_000_000})

    assert refusal(tmp_path, job(host.url("site"))).limit == ("unpacked_size", "2MB")


def test_links_inside_are_followed_and_those_that_lead_out_are_left_out(host: GitHost, tmp_path: Path) -> None:
    host.commit("site", {"index.html": "real", "a/page.html": "page"})
    root = host.root / "site"
    (root / "a/home.html").symlink_to("../index.html")
    (root / "passwd").symlink_to("/etc/passwd")
    (root / "up").symlink_to("../../../etc/passwd")
    (root / "round").symlink_to("round")
    host.commit("site", {})

    _, files = cloned(tmp_path, job(host.url("site")))

    assert files == {"index.html": b"real", "a/page.html": b"page", "a/home.html": b"real"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"branch": "nope"}, "no branch 'nope'; it has: main"),
        ({"folder": "nope"}, "no folder 'nope'"),
        ({"folder": "index.html"}, "no folder 'index.html'"),
        ({"folder": "../.."}, "no folder"),
    ],
)
def test_what_is_not_there_is_named(host: GitHost, tmp_path: Path, changes: dict[str, str], sentence: str) -> None:
    host.commit("site", {"index.html": "x"})

    assert sentence in refusal(tmp_path, job(host.url("site"), **changes)).detail


def test_no_repository_there_is_said(host: GitHost, tmp_path: Path) -> None:
    assert "no Git repository" in refusal(tmp_path, job(host.url("nothing"))).detail


def test_an_unknown_certificate_is_refused(host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    host.commit("site", {"index.html": "x"})

    error = refusal(tmp_path, job(host.url("site")))

    assert error.code == "unreachable"
    assert host.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://example.org/a",
        "git@example.org:a/b.git",
        "ssh://git@example.org/a",
        "file:///etc/passwd",
        "https://",
        "https://example.org",
        "https://user:secret@example.org/a",
        "https://token@example.org/a",
        "https://example.org/a?x=1",
        "https://example.org/a#b",
        "ext::sh -c id",
        "-oProxyCommand=id",
    ],
)
def test_an_address_that_is_no_plain_https_one_is_refused(url: str) -> None:
    with pytest.raises(BuildError) as caught:
        check_url(url)

    assert "secret" not in caught.value.detail


def test_a_plain_https_address_is_taken() -> None:
    check_url("https://git.example.org/me/site.git")
