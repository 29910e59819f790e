"""Backups made and restored in a few words."""

import hashlib
import io
import subprocess
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from appliance.data_folder import DataFolder
from appliance.safekeeping.archives import Archive
from appliance.safekeeping.backups import Backups
from appliance.safekeeping.folders import Folder
from appliance.safekeeping.items import LISTING, Head, Item, ListingWriter
from appliance.safekeeping.places import Means
from appliance.safekeeping.restoring import restore
from appliance.safekeeping.sources import source_of
from appliance.safekeeping.taking import Taken, take
from tests.faults.program import arm, command

FORMS = ("backups", "backup.tar", "backup.tar.zst")
SERVED = [FORMS[2], *(pytest.param(form, marks=pytest.mark.long) for form in FORMS[:2])]  # where a server is started


MEANS = Means(Path("/nowhere"))  # folders and files need none


class BackupFolder(Backups):
    """A folder of backups, and where things are in it."""

    def __init__(self, root: Path, means: Means = MEANS) -> None:
        super().__init__(Folder(root), means)
        self.root = root

    def object(self, sha256: str) -> Path:
        return self.root / "objects" / sha256[:2] / sha256

    def snapshots(self) -> list[Path]:
        return [self.root / name for name in self.listings()]


def back_up(folder: DataFolder, place: Path, means: Means = MEANS, *, secrets: bool = True) -> Taken:
    target = Archive(place, means) if ".tar" in place.name else BackupFolder(place, means)
    return take(folder, target, secrets=secrets)


def restored(place: Path | str, data: Path, means: Means = MEANS) -> DataFolder:
    folder = DataFolder(data)
    restore(source_of(str(place), means), folder)
    return folder


def blob_of(text: str | bytes) -> str:
    """Where content stands in a data folder."""
    sha256 = hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()
    return f"blobs/{sha256[:2]}/{sha256}"


def damage(path: Path, content: bytes | None = None) -> None:
    """Write over a read-only file: other bytes of the same length, or these."""
    was = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(bytes(byte ^ 1 for byte in was) if content is None else content)


def archive_of(members: Iterable[tuple[tarfile.TarInfo, bytes]], place: Path, listed: Iterable[str] = ()) -> Path:
    """An archive with a listing that is right for the `listed` among its members: what a forger would make."""
    members = list(members)
    listing = io.BytesIO()
    writer = ListingWriter(listing, Head("2026-11-26T01:00:00+00:00", "0.1.0", secrets=True))
    for info, content in members:
        if info.name in listed:
            writer.add(Item(info.name, hashlib.sha256(content).hexdigest(), len(content)))
    writer.finish()
    last = tarfile.TarInfo(LISTING)
    with tarfile.open(place, "w") as tar:
        for info, content in [*members, (last, listing.getvalue())]:
            info.size = len(content) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(content))
    return place


def members_of(place: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    """What an archive holds, without its listing."""
    with tarfile.open(place) as tar:
        found = [(info, file.read()) for info in tar if (file := tar.extractfile(info))]
    return [(info, content) for info, content in found if info.name != LISTING]


def run_killed(arguments: Sequence[str], point: str, when: Path) -> int:
    """The program, ended without warning at a point; its exit status."""
    arm(when)
    program = [*command(point, "kill", when), *arguments]
    return subprocess.run(program, timeout=120, check=False, capture_output=True).returncode
