"""Takes a backup while the server runs or not: the database as it is at one moment, and all that it names.

What a deploy names is in the store before the database names it, so whatever the copy of the database names is there;
it stays there because nothing is swept while the folder's content is held (`DataFolder.content_lock`).
"""

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.data_folder import DataFolder
from appliance.file_lock import FileLock, Held
from appliance.safekeeping import database
from appliance.safekeeping.copying import Hashed
from appliance.safekeeping.items import (
    Head,
    Item,
    ListingWriter,
    Refused,
    checked,
    is_secret,
    may_be_held,
    name_of_content,
)
from appliance.safekeeping.naming import Names, names
from appliance.safekeeping.targets import Target
from appliance.storage.manifest import Manifests, UnreadableManifest, named_by
from appliance.version import VERSION

PATIENCE = 600.0  # seconds to wait for a sweep of content, or for another backup


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that was made: where it is, what it holds, and how much of that was new to the place."""

    place: str
    files: int
    bytes: int
    new_files: int
    new_bytes: int


def take(folder: DataFolder, target: Target, *, secrets: bool = True, patience: float = PATIENCE) -> Taken:
    """Back up the folder; blocks for as long as that takes. Raises Refused, OSError: then there is no new backup."""
    if not folder.database.exists():
        raise Refused(f"There is nothing to back up in {folder.root}: name the server's data directory with --data.")
    with FileLock(folder.content_lock) as lock:
        try:
            lock.take(patience)
        except Held as held:
            raise Refused(
                f"Another backup of {folder.root}, or a sweep of its content, is under way ({held}): wait for it."
            ) from held
        with target:
            return _Backup(folder, target, secrets=secrets).make()


class _Backup:
    """One backup on its way."""

    def __init__(self, folder: DataFolder, target: Target, *, secrets: bool) -> None:
        self._folder = folder
        self._target = target
        self._secrets = secrets
        self._new_files = self._new_bytes = 0

    def make(self) -> Taken:
        copy, listed = self._target.scratch / "dropdock.db", self._target.scratch / "listing"
        try:
            database.snapshot(self._folder.database, copy)
            listed.touch(0o600)
            with listed.open("wb") as file, names(self._target.scratch) as contents:
                listing = ListingWriter(file, self._head())
                listing.add(self._put("dropdock.db", copy))
                self._add_manifests(listing, copy, contents)
                for sha256, size in contents:
                    listing.add(self._put_named(f"blobs/{sha256[:2]}/{sha256}", size))
                self._add_others(listing)
                listing.finish()
        except sqlite3.Error as error:
            if (number := database.not_written(error)) is not None:  # the copy: of the database itself we only read
                raise OSError(number, os.strerror(number), str(self._target.scratch)) from error
            raise Refused(
                f"{self._folder.database} cannot be read: {error}. `dropdock verify` says more; an earlier backup has "
                "it as it was."
            ) from error
        place = self._target.finish(listed)
        return Taken(place, listing.files, listing.bytes, self._new_files, self._new_bytes)

    def _head(self) -> Head:
        return Head(datetime.now(UTC).isoformat(timespec="seconds"), VERSION, self._secrets)

    def _add_manifests(self, listing: ListingWriter, copy: Path, contents: Names) -> None:
        """Each manifest that the copy names, once; what these name goes to `contents`."""
        stored = Manifests(self._folder.manifests)
        with names(copy.parent, "manifests.db") as done:
            for deploy in database.kept_deploys(copy):
                if deploy.manifest not in done:
                    where = f"deploy {deploy.number} of {deploy.site}"
                    try:
                        contents.add(named_by(stored.get(deploy.manifest)).items())
                        size = stored.size(deploy.manifest)
                    except (OSError, UnreadableManifest) as error:
                        raise _unfit(f"The manifest of {where} cannot be read ({error})") from error
                    done.add([(deploy.manifest, size)])
                    listing.add(self._put_named(f"manifests/{deploy.manifest}", size))

    def _add_others(self, listing: ListingWriter) -> None:
        """What the database does not name; a file that goes meanwhile is left out."""
        for path in _others(self._folder.root):
            if self._secrets or not is_secret(path):
                try:
                    listing.add(self._put(checked(path), self._folder.root / path))
                except FileNotFoundError:
                    continue

    def _put_named(self, path: str, size: int) -> Item:
        """Content under its SHA-256, read only where the place has not got it yet."""
        sha256 = str(name_of_content(path))
        if self._target.holds(sha256, size):
            return Item(path, sha256, size)
        try:
            item = self._put(path, self._folder.root / path)
        except FileNotFoundError as error:
            raise _unfit(f"{path} is not there") from error
        if item != Item(path, sha256, size):
            raise _unfit(f"{path} is damaged")
        return item

    def _put(self, path: str, source: Path) -> Item:
        with source.open("rb") as file:
            size = source.stat().st_size
            item = self._target.put(path, Hashed(file, size))
        self._new_files += 1
        self._new_bytes += size
        return item


def _others(root: Path) -> Iterator[str]:
    for name in ("secret.key", "appliance.toml", "traffic.jsonl"):
        if (root / name).is_file():
            yield name
    for folder, pattern in (("logs/builds", "*.jsonl"), ("certs", "**/*")):
        for path in sorted((root / folder).glob(pattern)):
            if path.is_file():
                yield path.relative_to(root).as_posix()
    themes = (path.relative_to(root).as_posix() for path in sorted((root / "themes").glob("*/*")) if path.is_file())
    yield from filter(may_be_held, themes)  # the rest is no part of a theme


def _unfit(what: str) -> Refused:
    return Refused(
        f"No backup was made: {what}. `dropdock verify` says which sites need it; `dropdock verify --repair-from "
        "BACKUP` puts it back from an earlier backup, and so does deploying the same files again."
    )
