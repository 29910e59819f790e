"""Why a deploy came to nothing that its sender had no part in: a crash, a full disk, a database out of reach."""

from tortoise.exceptions import OperationalError

from appliance.deploys import Failure
from appliance.errors import Limit, not_stored


def tried_enough(attempts: int) -> Failure:
    """The server has ended in the middle of it again and again."""
    return Failure(
        "interrupted",
        f"The server ended {attempts} times while it worked on this deploy: it is not tried again "
        f"(build_attempts = {attempts}). Its operator should look into the server's log.",
        Limit("build_attempts", str(attempts)),
    )


def not_written(error: OSError | OperationalError) -> Failure:
    """The disk or the database did not take what was made."""
    if isinstance(error, OSError):
        busy = not_stored("the deploy", error)
        return Failure(busy.code, busy.detail, None, retry=True)
    detail = "The database could not be used: its operator finds the reason in the server's log. Try again then."
    return Failure("database_failed", detail, None, retry=True)


def lost_upload() -> Failure:
    """Its content is not there any more."""
    return Failure(
        "interrupted", "The server stopped before this upload was worked on: upload it again.", None, retry=True
    )
