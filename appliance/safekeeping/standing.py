"""What an operator should know of backups and verification: when the last ones were, and what they found."""

from datetime import UTC, datetime

from appliance.data_folder import DataFolder, Finding
from appliance.safekeeping.records import Verified, last_backup, last_failure, last_verification

OVERDUE = 2  # times the interval that was set


def findings(folder: DataFolder, backup_every: float, backup_warn: float = 0.0) -> list[Finding]:
    """The last good backup and the last verification; nothing where the folder has no database yet.

    `backup_every` is in seconds, 0 where none are made by themselves; `backup_warn` is at which age of the last one to
    warn, 0 for twice that.
    """
    if not folder.database.exists():
        return []
    return [_backup(folder, backup_every, backup_warn or backup_every * OVERDUE), *_verification(folder)]


def _backup(folder: DataFolder, every: float, oldest: float) -> Finding:
    last, failure = last_backup(folder), last_failure(folder)
    if failure is not None and (last is None or failure.at > last.at):
        good = f"the last good one is from {_moment(last.at)}, {last.place}" if last else "there is no good one yet"
        said = f"The backup of {_moment(failure.at)} failed ({failure.reason}); {good}."
        return Finding("warning", "backup_failed", said)
    if last is None:
        severity = "warning" if every or oldest else "note"
        return Finding(severity, "no_backup", "There is no good backup yet: `dropdock backup` makes one.")
    how = "restoring it was rehearsed" if last.rehearsed else "restoring it was not rehearsed"
    said = f"The last good backup is from {_moment(last.at)}, {last.place} ({how})."
    if oldest and (datetime.now(UTC) - last.at).total_seconds() > oldest:
        return Finding("warning", "backup_old", f"{said} That is too long ago: the log says what went wrong since.")
    return Finding("note", "backup", said)


def _verification(folder: DataFolder) -> list[Finding]:
    last = last_verification(folder)
    if last is None:
        return []
    at = _moment(last.at)
    if last.damaged:
        return [Finding("warning", "damaged", _damaged(last.damaged, at))]
    return [Finding("note", "verified", _well(last, at))]


def _damaged(count: int, at: str) -> str:
    way = "`dropdock verify --repair-from BACKUP` puts back what the backup has."
    if count == 1:
        return f"1 file was damaged or missing when all was verified ({at}): {way}"
    return f"{count} files were damaged or missing when all was verified ({at}): {way}"


def _well(last: Verified, at: str) -> str:
    if last.mended:
        return f"All stored files were well on {at}, once a backup had put back what was damaged or missing."
    if not last.files:
        return f"Nothing was stored when all was verified ({at})."
    if last.files == 1:
        return f"The only stored file was well on {at}."
    return f"All {last.files} stored files were well on {at}."


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
