"""Restores a backup into an empty folder: written aside, checked whole, then moved into place."""

import contextlib
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from appliance.data_folder import DataFolder, Unusable, explain
from appliance.file_lock import FileLock
from appliance.safekeeping.examining import Damage, database_damage, named_damage
from appliance.safekeeping.items import Damaged, Head, Refused
from appliance.safekeeping.sources import Source
from appliance.storage.syncing import sync_filesystem, sync_folder

TOP = ("blobs", "manifests", "logs", "certs", "themes", "secret.key", "appliance.toml", "traffic.jsonl", "dropdock.db")
MADE_BY_ALL = ("dropdock.lock", "lost+found")  # what a folder may have in it and still be empty
MOST_SHOWN = 3  # damages named where a backup is refused


def restore(source: Source, folder: DataFolder) -> Head:
    """Restore into the folder, which is made if it is missing; blocks.

    While it works, and after it was cut off, the folder has `restoring/` in it: no server starts on it, and the next
    restore begins anew. Raises Refused (in use, not empty, or a damaged backup) and OSError; the folder is then as
    empty as it was.
    """
    with _claimed(folder):
        staging = folder.restoring
        _clear(folder)
        staging.mkdir(mode=0o700)
        try:
            head = source.unpack(staging)
            _check(DataFolder(staging))
        except BaseException:
            shutil.rmtree(staging)
            raise
        sync_filesystem(staging)
        _move(staging, folder.root)
    return head


def rehearse(source: Source, scratch: Path) -> Head:
    """Restore to a folder of its own below `scratch`, check it as `restore` does, and let it go. Raises as that."""
    place = scratch / "rehearsal"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700, parents=True)
    try:
        head = source.unpack(place)
        _check(DataFolder(place))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return head


@contextlib.contextmanager
def _claimed(folder: DataFolder) -> Iterator[FileLock]:
    """The folder, empty or left by a restore that was cut off, for this process alone."""
    made = not folder.root.exists()
    try:
        folder.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = folder.claim()
    except Unusable as error:
        raise Refused(str(error)) from error
    except OSError as error:
        raise Refused(explain(error, folder.root)) from error
    try:
        _refuse_occupied(folder)
        yield lock
    except BaseException:
        if made:
            shutil.rmtree(folder.root, ignore_errors=True)
        raise
    finally:
        lock.release()


def _refuse_occupied(folder: DataFolder) -> None:
    if folder.restoring.exists():
        return
    if any(entry.name not in MADE_BY_ALL for entry in folder.root.iterdir()):
        raise Refused(
            f"{folder.root} is not empty: restore into a new folder with --data, look at it, then put it in the place "
            "of the old one. Nothing is ever restored over what is there."
        )


def _clear(folder: DataFolder) -> None:
    """Take away what a restore that was cut off has left; the folder was empty when that began."""
    if not folder.restoring.exists():
        return
    for name in TOP:
        path = folder.root / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    shutil.rmtree(folder.restoring)


def _check(staged: DataFolder) -> None:
    """Whether the database holds together, and all that it names is there; content has been checked on the way."""
    found: list[Damage] = database_damage(staged.database)
    if not found:
        found = list(islice(named_damage(staged), MOST_SHOWN))
    if found:
        raise Damaged(f"The backup cannot be used: {'; '.join(map(str, found[:MOST_SHOWN]))}. Use another one.")


def _move(staging: Path, root: Path) -> None:
    """Put it in place."""
    for name in TOP:
        with contextlib.suppress(FileNotFoundError):
            (staging / name).rename(root / name)
    sync_filesystem(root)
    _open(staging)


def _open(staging: Path) -> None:
    """Let the folder be used: with `staging`, the sign that it may not goes."""
    staging.rmdir()
    sync_folder(staging.parent)
