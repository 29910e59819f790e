"""What may be the address, the branch and the folder of a repository."""

import re
from urllib.parse import urlsplit

from appliance.errors import Invalid

URL_LENGTH = 1000  # characters
BRANCH_LENGTH = 255  # bytes
FOLDER_LENGTH = 1024  # characters
_EXAMPLE = "https://git.example.org/me/site.git"
_NOT_IN_A_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|^[-/.]|[/.]$")  # git-check-ref-format(1)


def check_url(url: str) -> None:
    """Raise Invalid unless this is an HTTPS address with a path, and nothing of a password in it."""
    try:
        parts = urlsplit(url)
        sound = parts.port is None or parts.port > 0
    except ValueError:
        sound = False
    if not sound or parts.scheme != "https" or not parts.hostname or not parts.path.strip("/"):
        raise _bad_url(f"is no HTTPS address of a repository, such as {_EXAMPLE}")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise _bad_url("has a user, a password, ? or # in it: a token goes into its own field")
    if len(url) > URL_LENGTH or not url.isascii() or not url.isprintable() or " " in url:
        raise _bad_url(f"is no plain address of at most {URL_LENGTH} characters")


def check_branch(branch: str) -> None:
    """Raise Invalid unless a branch can have this name; "" stands for the repository's own choice."""
    if len(branch.encode("utf-8", "replace")) > BRANCH_LENGTH or _NOT_IN_A_BRANCH.search(branch):
        sentence = "can be no branch's name"
        raise Invalid(f"{branch[:60]!r} {sentence}.", fields={"branch": sentence})


def check_folder(folder: str) -> None:
    """Raise Invalid unless a folder in a repository can be called so; "" stands for all of it."""
    parts = set(folder.strip("/").split("/"))
    if len(folder) > FOLDER_LENGTH or not folder.isprintable() or "\\" in folder or {".", "..", ".git"} & parts:
        sentence = "is no folder inside the repository, such as docs/public"
        raise Invalid(f"{folder[:60]!r} {sentence}.", fields={"folder": sentence})


def _bad_url(sentence: str) -> Invalid:
    return Invalid(f"The repository's address {sentence}.", code="bad_url", fields={"url": sentence})
