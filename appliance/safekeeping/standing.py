"""What an operator should know of backups and verification: when the last ones were, and what they found."""

from datetime import UTC, datetime

from appliance.data_folder import DataFolder, Finding
from appliance.safekeeping.records import last_backup, last_verification

OVERDUE = 2  # times the interval that was set


def findings(folder: DataFolder, backup_every: float) -> list[Finding]:
    """The last good backup and the last verification; nothing where the folder has no database yet.

    `backup_every` is in seconds, 0 where none are made by themselves.
    """
    if not folder.database.exists():
        return []
    return [_backup(folder, backup_every), *_verification(folder)]


def _backup(folder: DataFolder, every: float) -> Finding:
    last = last_backup(folder)
    if last is None:
        severity = "warning" if every else "note"
        return Finding(severity, "no_backup", "There is no good backup yet: `dropdock backup` makes one.")
    how = "restoring it was rehearsed" if last.rehearsed else "restoring it was not rehearsed"
    said = f"The last good backup is from {_moment(last.at)}, {last.place} ({how})."
    if every and (datetime.now(UTC) - last.at).total_seconds() > every * OVERDUE:
        return Finding("warning", "backup_old", f"{said} That is too long ago: the log says what went wrong since.")
    return Finding("note", "backup", said)


def _verification(folder: DataFolder) -> list[Finding]:
    last = last_verification(folder)
    if last is None:
        return []
    if last.damaged:
        way = "`dropdock verify --repair-from BACKUP` puts them back."
        said = f"{last.damaged} files were damaged or missing when all was verified ({_moment(last.at)}): {way}"
        return [Finding("warning", "damaged", said)]
    return [Finding("note", "verified", f"All {last.files} stored files were well on {_moment(last.at)}.")]


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
