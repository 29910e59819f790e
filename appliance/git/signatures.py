"""Webhooks of GitHub, GitLab and Gitea or Forgejo: whose they are, whether they are signed, and what they tell.

GitHub and Gitea sign the body (HMAC-SHA-256 under the secret, in hexadecimal); GitLab sends the secret itself. Compared
in constant time, over the bytes as they came, before anything of them is read.
"""

import hashlib
import hmac
from dataclasses import dataclass

import msgspec

from appliance.callers import Headers
from appliance.errors import BadInput

_SIGNED = (  # header with the signature, what stands before it, and the headers with the delivery's id and the event
    ("X-Forgejo-Signature", "", "X-Forgejo-Delivery", "X-Forgejo-Event"),
    ("X-Gitea-Signature", "", "X-Gitea-Delivery", "X-Gitea-Event"),
    ("X-Hub-Signature-256", "sha256=", "X-GitHub-Delivery", "X-GitHub-Event"),
)
_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that is signed as it must be: what it is about, and the marks by which it is known again."""

    event: str
    marks: tuple[str, ...]


class _Repository(msgspec.Struct, frozen=True):
    default_branch: str = ""


class _Payload(msgspec.Struct, frozen=True):
    ref: str = ""
    after: str = ""
    repository: _Repository = _Repository()
    project: _Repository = _Repository()  # where GitLab has its default branch


@dataclass(frozen=True, slots=True)
class Push:
    """A branch that was pushed to, or is gone; `default` is the repository's own choice, "" where that was not said."""

    branch: str
    gone: bool
    default: str


def check(headers: Headers, body: bytes, secret: str) -> Delivery | None:
    """The delivery, or None when it is not signed with the secret. Whoever has no secret is signed by nobody."""
    for name, before, delivery, event in _SIGNED:
        given = headers.get(name)
        if given is not None:
            wanted = before + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            if not _same(given, wanted) or not secret:
                return None
            # The id is not signed: whoever has seen a delivery could send it under another, so its body is marked too.
            return Delivery(headers.get(event) or "", (_mark(headers.get(delivery) or ""), _mark("", body)))
    if not _same(headers.get("X-Gitlab-Token") or "", secret) or not secret:
        return None
    told = headers.get("Idempotency-Key") or headers.get("X-Gitlab-Event-UUID")
    return Delivery(headers.get("X-Gitlab-Event") or "", (_mark(told) if told else _mark("", body),))


def read_push(body: bytes) -> Push | None:
    """What was pushed; None for what is no branch. BadInput when the body is no JSON of a push."""
    try:
        payload = msgspec.json.decode(body, type=_Payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadInput("Have the webhook sent as application/json.", code="bad_json") from None
    if not payload.ref.startswith(_HEADS):
        return None
    default = payload.repository.default_branch or payload.project.default_branch
    return Push(payload.ref.removeprefix(_HEADS), bool(payload.after) and not payload.after.strip("0"), default)


def is_push(event: str) -> bool:
    """Whether an event is a push, in the words of any of them."""
    return event in {"push", "Push Hook"}


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def _mark(delivery: str, body: bytes = b"") -> str:
    return hashlib.sha256(b"%d " % len(delivery) + delivery.encode("utf-8", "surrogatepass") + body).hexdigest()
