"""Takes damaged content out of the way, so that it is never served, and puts back from a backup what is missing."""

import os
from collections.abc import Iterable
from pathlib import Path

from appliance.data_folder import DataFolder
from appliance.safekeeping.copying import Hashed, copy, hash_of
from appliance.safekeeping.examining import Damage, named_damage
from appliance.safekeeping.items import name_of_content
from appliance.safekeeping.sources import Source
from appliance.storage.spares import READ_ONLY
from appliance.storage.syncing import sync_folder


def set_aside(folder: DataFolder, damaged: Iterable[Damage]) -> int:
    """Move blobs with other bytes than their name says to `damaged/`; how many. Raises OSError.

    Each is read once more first: what is moved is damaged on the disk. Its place is free then for the right bytes, be
    it from a backup or from a deploy that brings them. One that cannot be read stays: the disk may find it again.
    """
    moved = 0
    for what in sorted({damage.what for damage in damaged if damage.kind == "content"}):
        path = folder.root / what
        if path.is_file() and _is_damaged(path):
            folder.damaged.mkdir(exist_ok=True, mode=0o700)
            path.replace(folder.damaged / path.name)
            sync_folder(path.parent)
            moved += 1
    return moved


def repair(folder: DataFolder, source: Source, damaged: Iterable[Damage]) -> tuple[int, list[Damage]]:
    """Put back the blobs and manifests that are damaged or missing; how many were, and what is damaged still.

    A manifest that is back may name content that is missing too, so it looks again until nothing more is found.
    Raises what the source raises.
    """
    left = list(damaged)
    mended: set[str] = set()
    tried: set[str] = set()
    while wanted := {damage.what for damage in left if damage.kind != "database"} - tried:
        source.fetch(wanted, lambda path, bytes_: _put_back(folder, path, bytes_, mended))
        tried |= wanted
        still = {damage.what: damage for damage in left if damage.what not in mended}
        bad = {what.rpartition("/")[2]: damage.how for what, damage in still.items() if damage.kind == "content"}
        found = {damage.what: damage for damage in named_damage(folder, bad)}
        unnamed = {what: damage for what, damage in still.items() if damage.kind != "manifest"}
        left = list((unnamed | found).values())
    return len(mended), left


def _is_damaged(path: Path) -> bool:
    try:
        return hash_of(path) != path.name
    except OSError:
        return False


def _put_back(folder: DataFolder, path: str, source: Hashed, mended: set[str]) -> None:
    place = folder.root / path
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = place.with_name(f".{place.name}.{os.getpid()}.repair")
    beside.unlink(missing_ok=True)
    copy(source, beside, READ_ONLY if path.startswith("blobs/") else 0o600)
    if source.sha256 != name_of_content(path):
        beside.unlink()  # the backup's is damaged as well
        return
    _sync(beside)
    beside.replace(place)
    sync_folder(place.parent)
    mended.add(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
