"""What may be the address, the branch and the folder of a repository."""

import pytest

from appliance.errors import Invalid
from appliance.git.addresses import check_branch, check_folder, check_url


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
        "https://example.org:port/a",
        "https://user:secret@example.org/a",
        "https://@example.org/a",
        "https://example.org/a?x=1",
        "https://example.org/a#b",
        "https://example.org/a b",
        "https://example.org/" + "a" * 1000,
        "https://[::1/a",
    ],
)
def test_an_address_that_is_no_plain_https_one_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_url(url)

    assert "url" in caught.value.fields
    assert "secret" not in caught.value.detail


@pytest.mark.parametrize(
    "branch", ["a..b", "-x", ".x", "x/", "x.", "a b", "a~b", "a:b", "a//b", "a@{b", "\x00", "x" * 256]
)
def test_what_git_takes_for_no_branch_is_refused(branch: str) -> None:
    with pytest.raises(Invalid):
        check_branch(branch)


@pytest.mark.parametrize("folder", ["..", "a/../b", "./a", ".git", "a/.git/b", "a\\b", "a\nb", "x" * 1025])
def test_a_folder_outside_is_refused(folder: str) -> None:
    with pytest.raises(Invalid):
        check_folder(folder)


def test_usual_ones_are_taken() -> None:
    check_url("https://git.example.org:8443/me/site.git")
    for branch in ("", "main", "feature/new-docs", "ünïcode", "v1.2"):
        check_branch(branch)
    for folder in ("", "/", "docs/public", "/docs/"):
        check_folder(folder)
