"""The digests of a folder's files, those that were taken before and hold still not taken again."""

import hashlib
import json
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from appliance.cli.output import Failure, Progress
from appliance.cli.tree import Leaf, Stamp

HASHING = min(8, (os.cpu_count() or 1) + 2)  # threads; hashing and reading run outside Python's lock
SMALL = 256 * 1024  # bytes; larger files are read piece by piece
SETTLED = 2.0  # seconds: the coarsest clock of a file system (FAT); within them an edit may leave no trace
MOST_FOLDERS = 32  # remembered; those not deployed for longest are forgotten
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Hashed:
    """A file of the site and its SHA-256."""

    leaf: Leaf
    sha256: str


@dataclass(slots=True)
class Known:
    """What a folder's files had for digests when it was deployed last, in a file of the user's cache.

    A digest holds while the file's size, inode and both its times are the same; it is remembered only of a file that
    was last changed well before it was read, so that no edit can hide in the same tick of the clock. All of it may be
    lost, or be impossible to write, which costs nothing but reading the files again.
    """

    path: Path
    digests: dict[str, tuple[Stamp, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> "Known":
        """What is remembered of a folder."""
        name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()
        path = Path(platformdirs.user_cache_dir("dropdock", appauthor=False)) / "hashes" / f"{name}.json"
        return cls(path, _read(path))

    def digest(self, leaf: Leaf) -> str | None:
        """The SHA-256 of a file that is as it was; None where that is not certain."""
        stamp, sha256 = self.digests.get(leaf.name, (None, ""))
        return sha256 if stamp is not None and stamp == leaf.stamp else None

    def remember(self, files: Iterable[Hashed], began: float) -> None:
        """Keep the digests of files that were read at `began`, in seconds since 1970, or later."""
        before = int((began - SETTLED) * 1e9)
        kept = {
            each.leaf.name: [*each.leaf.stamp, each.sha256]
            for each in files
            if each.leaf.stamp is not None and max(each.leaf.stamp[2:]) < before
        }
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside = self.path.with_suffix(f".{os.getpid()}")
            beside.write_text(json.dumps({"format": FORMAT, "files": kept}, separators=(",", ":")))
            beside.replace(self.path)
            _forget_oldest(self.path.parent)
        except OSError:
            return  # a full or read-only home: it is only a cache


def hash_files(files: tuple[Leaf, ...], progress: Progress, known: Known | None = None) -> list[Hashed]:
    """The files with their digests, in the same order. Raises Failure for one that cannot be read."""
    began = time.time()
    digests = {leaf.name: known.digest(leaf) for leaf in files} if known else {}
    fresh = [leaf for leaf in files if digests.get(leaf.name) is None]
    with ThreadPoolExecutor(HASHING, "hash") as threads:
        for done, (leaf, sha256) in enumerate(zip(fresh, threads.map(_hash, fresh), strict=True), 1):
            digests[leaf.name] = sha256
            progress.step("hash", done, len(fresh))
    hashed = [Hashed(leaf, digests[leaf.name] or "") for leaf in files]
    if known is not None and (fresh or len(known.digests) != len(files)):
        known.remember(hashed, began)
    return hashed


def _hash(leaf: Leaf) -> str:
    try:
        with leaf.path.open("rb") as file:
            read = file.read(SMALL) if leaf.size < SMALL else b""
            digest = hashlib.sha256(read) if leaf.size < SMALL else hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise Failure(f"{leaf.path} cannot be read ({error.strerror}): make it readable, or leave it out.") from None
    return digest.hexdigest()


def _read(path: Path) -> dict[str, tuple[Stamp, str]]:
    try:
        stored: dict[str, Any] = json.loads(path.read_bytes())
        if stored["format"] != FORMAT:
            return {}
        return {
            name: ((inode, size, modified, changed), sha256)
            for name, (inode, size, modified, changed, sha256) in stored["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _forget_oldest(folder: Path) -> None:
    kept = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[MOST_FOLDERS:]:
        path.unlink(missing_ok=True)
