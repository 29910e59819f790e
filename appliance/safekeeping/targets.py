"""Where backups go: what `taking` asks of a place, and which place a name means."""

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from appliance.safekeeping.copying import Hashed
from appliance.safekeeping.items import Item, Refused

ARCHIVES = (".tar", ".tar.zst")
_OTHERS = (".zip", ".gz", ".tgz", ".zst", ".xz", ".bz2", ".7z", ".db")


class Target(Protocol):
    """Takes one backup while its block runs; what was begun and not finished is no backup, and no harm to others."""

    @property
    def scratch(self) -> Path:
        """A folder on this machine for the time of the block; empty at first."""

    def holds(self, sha256: str, size: int) -> bool:
        """Whether content is there from an earlier backup and need not be put."""

    def put(self, path: str, source: Hashed) -> Item:
        """Take what is left of the source, to be named by this path; raises OSError."""

    def finish(self, listing: Path) -> str:
        """Make it a backup, whole and durable, and say where it is; raises OSError. Nothing is put after this."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def is_archive(place: str) -> bool:
    """Whether the name means one file, not a place of backups. Raises Refused for a path that is neither."""
    if "://" in place:
        return False
    if place.endswith(ARCHIVES) and not Path(place).is_dir():
        return True
    if Path(place).is_file() or (place.endswith(_OTHERS) and not Path(place).is_dir()):
        raise Refused(
            f"{place} is no name for a backup: give a folder, or a file that ends in {' or '.join(ARCHIVES)}."
        )
    return False
