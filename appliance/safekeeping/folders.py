"""A folder as a place for backups: what is put is written aside, made durable together, then named."""

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from appliance.file_lock import FileLock, Held
from appliance.safekeeping.items import Refused
from appliance.storage.syncing import sync_filesystem, sync_folder

MOST_STAGED = 2_000  # files, or
MOST_STAGED_BYTES = 512 * 1024 * 1024  # written before they are made durable and named: what a crash loses at most
SCRATCH = "incoming"
FOLDERS = ("objects", "snapshots")


class Folder:
    """One folder of backups; nothing is touched before it is entered."""

    streams = 1  # a disk reads one file after the other best

    def __init__(self, root: Path) -> None:
        self.root = root
        self.address = str(root)
        self.scratch = root / SCRATCH
        self._lock = FileLock(root / "backups.lock")
        self._staged: dict[str, tuple[Path, int]] = {}
        self._staged_bytes = 0

    def __enter__(self) -> Self:
        """Raises Refused where the folder holds something else, or another backup is under way in it."""
        found = self.top()
        if found and "snapshots" not in found:
            raise Refused(f"{self.root} is not empty and holds no backups of Dropdock: name another folder.")
        for folder in (self.root, *(self.root / name for name in FOLDERS)):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._lock.take()
        except Held as held:
            raise Refused(f"Another backup into {self.root} is under way ({held}): wait for it.") from held
        shutil.rmtree(self.scratch, ignore_errors=True)  # left by one that was killed
        self.scratch.mkdir(mode=0o700)
        self._staged.clear()
        self._staged_bytes = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        self._lock.release()

    def top(self) -> set[str]:
        """What stands in it."""
        with contextlib.suppress(FileNotFoundError):
            return {entry.name for entry in self.root.iterdir()}
        return set()

    def files(self, folder: str) -> Iterator[tuple[str, int]]:
        """Every file below one of its folders."""
        for path in (self.root / folder).rglob("*"):
            if path.is_file():
                yield path.relative_to(self.root).as_posix(), path.stat().st_size

    def size(self, name: str) -> int | None:
        """Also of what waits for its name."""
        if name in self._staged:
            return self._staged[name][1]
        try:
            return (self.root / name).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, name: str) -> BinaryIO:
        """The file."""
        return (self.root / name).open("rb")

    def put(self, name: str, file: Path) -> None:
        """It gets its name with others, once they are durable."""
        size = file.stat().st_size
        self._staged[name] = (file, size)
        self._staged_bytes += size
        if len(self._staged) >= MOST_STAGED or self._staged_bytes >= MOST_STAGED_BYTES:
            self.settle()

    def settle(self) -> None:
        """Have all that waits durable and named."""
        sync_filesystem(self.root)
        for name, (beside, _) in self._staged.items():
            place = self.root / name
            place.parent.mkdir(exist_ok=True, mode=0o700)
            beside.replace(place)
        self._staged.clear()
        self._staged_bytes = 0

    def create(self, name: str, file: Path) -> None:
        """Nobody else writes here now, so looking first is enough."""
        self.settle()
        if (self.root / name).exists():
            raise FileExistsError(name)
        sync_filesystem(self.root)
        file.replace(self.root / name)
        sync_folder((self.root / name).parent)

    def remove(self, names: Iterable[str]) -> None:
        """One after the other; listings, which must not outlive what they name, for good."""
        for name in names:
            (self.root / name).unlink(missing_ok=True)
            if name.startswith("snapshots/"):
                sync_folder(self.root / "snapshots")
