"""What a caller is told of an error that nobody foresaw: the disk or the database fails, or the log has it."""

import errno
import sqlite3

import structlog
from tortoise.exceptions import OperationalError

from appliance import whereabouts
from appliance.errors import Busy, Problem, not_stored

DISK_FAILS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM}
)  # nothing the caller did
COME_BACK = 5  # seconds: what locks the database for `busy_timeout` is as a rule gone by the next try

log = structlog.get_logger(__name__)


class Crashed(Problem):
    """Something nobody foresaw; the log has it."""

    code = "internal"


def problem_of(error: Exception) -> Problem:
    """The problem to answer with, in whichever form; the log gets the error whole."""
    if isinstance(error, OperationalError | sqlite3.DatabaseError):
        log.error("database_failed", exc_info=error)
        sentence = (
            "The database could not be used: try again; if it stays so, the operator finds the reason in the log."
        )
        return Busy(sentence, code="database_failed", retry_after=COME_BACK)
    if isinstance(error, OSError) and (lost := whereabouts.explained(error)):
        return lost
    log.error("request_crashed", exc_info=error)
    if isinstance(error, OSError) and error.errno in DISK_FAILS:
        return not_stored("this", error)
    return Crashed("Something went wrong on the server; its log says what, under this request's id.")
