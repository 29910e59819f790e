"""What an operator should know of the data folder, which is looked at and not changed."""

import os
from pathlib import Path

from appliance import schema
from appliance.data_folder import (
    SPACE_NEEDED,
    DataFolder,
    Finding,
    explain,
    free_space,
    refusal_of,
    write_probe,
)
from appliance.file_lock import FileLock
from appliance.storage.private import BESIDE

SPACE_WANTED = 1_000_000_000  # bytes; with less, the next large upload may not fit


def findings(folder: DataFolder) -> list[Finding]:
    """Look at everything a server needs of the folder and change nothing; an empty list means all is well."""
    found: list[Finding] = []
    try:
        if not _is_there(folder.root):
            return _makeable(folder.root)
        for look in (_writable, _foreign, _space, _private, _owner, _one_file_system, _server, _database):
            found += look(folder)
    except OSError as error:
        found.append(Finding("error", "unreadable", explain(error, folder.root)))
    return found


def _is_there(place: Path) -> bool:
    """Whether there is anything of that name; raises OSError where that cannot even be asked."""
    try:
        place.lstat()
    except FileNotFoundError:
        return False
    return True


def _makeable(root: Path) -> list[Finding]:
    """Whether the folder can be made where it is to be; raises OSError."""
    nearest = next(parent for parent in root.absolute().parents if _is_there(parent))
    if fault := _fault(nearest):
        return [Finding("error", "not_writable", fault)]
    return [Finding("note", "no_data_folder", f"{root} does not exist yet; the first start makes it.")]


def _writable(folder: DataFolder) -> list[Finding]:
    looked_at = (place for place in folder.made if _is_there(place))
    faults = (_fault(place) for place in looked_at if place in folder.written or not place.is_dir())
    return [Finding("error", "not_writable", fault) for fault in faults if fault][:1]


def _foreign(folder: DataFolder) -> list[Finding]:
    """Files that a server starts without, and later finds that it cannot do something: count, sweep, back up."""
    usage = [folder.usage.with_name(folder.usage.name + end) for end in BESIDE]
    refusals = map(refusal_of, (*usage, folder.content_lock, folder.migration_lock))
    return [Finding("warning", "not_writable", refusal) for refusal in refusals if refusal]


def _fault(place: Path) -> str:
    """Why nothing can be made in that folder; empty where something can."""
    try:
        write_probe(place)
    except OSError as error:
        return explain(error, place)
    return ""


def _space(folder: DataFolder) -> list[Finding]:
    free = free_space(folder)
    if free >= SPACE_WANTED:
        return []
    severity = "error" if free < SPACE_NEEDED else "warning"
    return [Finding(severity, "little_space", f"{free // 1_000_000} MB are left for {folder.root}: free some space.")]


def _private(folder: DataFolder) -> list[Finding]:
    return [
        Finding("warning", "readable_by_others", f"Others can read {path}: run chmod go-rwx {path}.")
        for path in (folder.secret_key, folder.database, folder.certs, folder.backups)
        if os.name == "posix" and path.exists() and path.stat().st_mode & 0o077
    ]


def _owner(folder: DataFolder) -> list[Finding]:
    if os.name != "posix" or folder.root.stat().st_uid == os.geteuid():
        return []
    message = f"{folder.root} belongs to another user: what you make in it, that user's server may not be able to use."
    return [Finding("warning", "other_owner", message)]


def _one_file_system(folder: DataFolder) -> list[Finding]:
    places = [place for place in (folder.blobs, folder.work, folder.pending) if place.is_dir()]
    if len({place.stat().st_dev for place in places}) < 2:
        return []
    message = (
        f"{folder.work} and {folder.blobs} are on different file systems: content could not be renamed into place."
    )
    return [Finding("error", "two_file_systems", message)]


def _server(folder: DataFolder) -> list[Finding]:
    holder = FileLock(folder.lock).holder()
    if holder is None:
        return []
    return [Finding("note", "server_running", f"A server is running on this folder (process {holder or 'unknown'}).")]


def _database(folder: DataFolder) -> list[Finding]:
    try:
        state = schema.look(folder.database)
    except schema.Unreadable as error:
        return [Finding("error", "database_unreadable", f"{folder.database} cannot be read: {error}.")]
    if state.unknown:
        newer = f"{folder.database} was made by a newer Dropdock: run that version, or restore a backup."
        return [Finding("error", "database_newer", newer)]
    if state.pending:
        steps = f"will be migrated at the next start ({len(state.pending)} steps), after a backup"
        comes = steps if state.applied else "is not there yet, or empty; the next start makes it"
        return [Finding("note", "database_behind", f"{folder.database} {comes}.")]
    return []
