"""What can go wrong, as one small tree: each class is a meaning, with a status, a stable code and a sentence.

    Problem                     something to tell the caller
    ├── BadInput        400     the request cannot be understood
    │   └── Invalid     422     understood, but a value is not allowed
    ├── NotSignedIn     401
    ├── Forbidden       403
    ├── NotFound        404
    ├── Conflict        409     lost a race, or already there
    ├── TooLarge        413     a limit was hit; names it
    ├── Unsupported     415     a media type nobody takes
    ├── TooMany         429     try again after `retry_after` seconds
    └── Busy            503     not now: after `retry_after` seconds where that is known, or once an operator has looked

Raised deep, rendered once per surface (RFC 9457 problem documents in the API, a sentence on the command line,
a notice in the admin).
"""

import errno
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """A setting that stood in the way: its name in `appliance.toml` and its value as written there."""

    name: str
    value: str


class Problem(Exception):
    """Something to tell the caller.

    `code` is stable and machine-readable, `detail` is one sentence that says what to do, `limit` names the setting
    that was hit, `fields` maps a field's name to what is wrong with it, `retry_after` says in how many seconds trying
    again may help.
    """

    status = 500
    code = "problem"
    title = "Something went wrong"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        limit: Limit | None = None,
        fields: dict[str, str] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.limit = limit
        self.fields = fields or {}
        self.retry_after = retry_after


class BadInput(Problem):
    """The request cannot be understood."""

    status = 400
    code = "bad_request"
    title = "The request cannot be understood"


class Invalid(BadInput):
    """A value is understood but not allowed."""

    status = 422
    code = "invalid"
    title = "A value is not allowed"


class NotSignedIn(Problem):
    """No account could be told from the request."""

    status = 401
    code = "not_signed_in"
    title = "Sign in first"


class Forbidden(Problem):
    """The account may not do this."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFound(Problem):
    """There is no such thing, or the account may not know of it."""

    status = 404
    code = "not_found"
    title = "Not found"


class Conflict(Problem):
    """The thing is already there, or has changed in the meantime."""

    status = 409
    code = "conflict"
    title = "Conflict"


class TooLarge(Problem):
    """A size limit was hit; `limit` names it."""

    status = 413
    code = "too_large"
    title = "Too large"


class Unsupported(Problem):
    """A media type that nobody takes."""

    status = 415
    code = "unsupported_type"
    title = "Unsupported type"


class TooMany(Problem):
    """Too many tries; the caller may try again after `retry_after` seconds."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"
    retry_after: int

    def __init__(self, detail: str, *, retry_after: int, code: str | None = None, limit: Limit | None = None) -> None:
        super().__init__(detail, code=code, limit=limit, retry_after=retry_after)


class Busy(Problem):
    """Not now; trying again later can help."""

    status = 503
    code = "busy"
    title = "Busy"


def not_stored(what: str, error: OSError) -> Busy:
    """The disk does not take what somebody has sent: it is full, read-only or broken, it is not ours, or not there."""
    if error.errno == errno.ENOENT:
        return Busy(
            f"The server could not store {what}: its data folder, or a part of it, is not there. Its operator should "
            "mount its disk, or move it back, then try again.",
            code="storage_failed",
        )
    return Busy(
        f"The server could not store {what} ({error.strerror or error}): its operator should look at disk space and "
        "permissions, then try again.",
        code="storage_failed",
    )
