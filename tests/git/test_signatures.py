"""Whose webhook it is, whether it is signed, and what it tells."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from werkzeug.datastructures import Headers

from appliance.errors import BadInput
from appliance.git.signatures import Push, check, is_push, read_push

SECRET = "a secret of many letters"
BODY = json.dumps({"ref": "refs/heads/main", "after": "a" * 40, "repository": {"default_branch": "main"}}).encode()


def signed(body: bytes = BODY, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


KINDS = {
    "github": {"X-Hub-Signature-256": f"sha256={signed()}", "X-GitHub-Delivery": "1", "X-GitHub-Event": "push"},
    "gitea": {"X-Gitea-Signature": signed(), "X-Gitea-Delivery": "1", "X-Gitea-Event": "push"},
    "forgejo": {
        "X-Forgejo-Signature": signed(),
        "X-Forgejo-Delivery": "1",
        "X-Forgejo-Event": "push",
        "X-Gitea-Signature": signed(),
        "X-GitHub-Event": "push",
    },
    "gitlab": {"X-Gitlab-Token": SECRET, "X-Gitlab-Event-UUID": "1", "X-Gitlab-Event": "Push Hook"},
}
kinds = pytest.mark.parametrize("headers", KINDS.values(), ids=KINDS)


@kinds
def test_a_signed_push_is_known(headers: dict[str, str]) -> None:
    delivery = check(Headers(headers), BODY, SECRET)

    assert delivery is not None
    assert is_push(delivery.event)


@kinds
def test_another_secret_is_refused(headers: dict[str, str]) -> None:
    assert check(Headers(headers), BODY, SECRET + "x") is None


@kinds
def test_without_a_secret_nothing_is_signed(headers: dict[str, str]) -> None:
    empty = {name: signed(secret="") if "Signature" in name else value for name, value in headers.items()}
    empty |= {"X-Gitlab-Token": ""} if "X-Gitlab-Token" in headers else {}

    assert check(Headers(empty), BODY, "") is None


@pytest.mark.parametrize("kind", ["github", "gitea", "forgejo"])
def test_another_body_is_refused(kind: str) -> None:
    assert check(Headers(KINDS[kind]), BODY + b" ", SECRET) is None


@pytest.mark.parametrize("kind", ["github", "gitea", "forgejo"])
def test_a_body_is_known_again_under_another_id(kind: str) -> None:
    other = {name: "2" if name.endswith("Delivery") else value for name, value in KINDS[kind].items()}

    first, second = check(Headers(KINDS[kind]), BODY, SECRET), check(Headers(other), BODY, SECRET)

    assert first is not None
    assert second is not None
    assert set(first.marks) & set(second.marks)


def test_a_bad_signature_is_not_saved_by_a_good_one_of_another_kind() -> None:
    both = {"X-Forgejo-Signature": "0" * 64, "X-Hub-Signature-256": f"sha256={signed()}", "X-Gitlab-Token": SECRET}

    assert check(Headers(both), BODY, SECRET) is None


def test_no_header_is_nobodys() -> None:
    assert check(Headers({}), BODY, SECRET) is None


@pytest.mark.parametrize(
    ("payload", "push"),
    [
        ({"ref": "refs/heads/main", "after": "a" * 40}, Push("main", False, "")),
        ({"ref": "refs/heads/a/b", "after": "0" * 40}, Push("a/b", True, "")),
        ({"ref": "refs/heads/x", "repository": {"default_branch": "main"}}, Push("x", False, "main")),
        ({"ref": "refs/heads/x", "project": {"default_branch": "trunk"}}, Push("x", False, "trunk")),
        ({"ref": "refs/tags/v1"}, None),
        ({}, None),
    ],
)
def test_what_was_pushed(payload: dict[str, Any], push: Push | None) -> None:
    assert read_push(json.dumps(payload).encode()) == push


@pytest.mark.parametrize("body", [b"", b"payload=%7B%7D", b"[]", b'{"ref": 1}', b"\xff"])
def test_what_is_no_push_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput):
        read_push(body)
