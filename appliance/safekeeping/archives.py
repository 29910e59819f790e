"""A backup as one file: a tar, compressed where its name ends in `.zst`, with the listing as its last member."""

import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self, cast

import zstandard

from appliance.safekeeping.copying import Hashed
from appliance.safekeeping.items import LISTING, Damaged, Item
from appliance.storage.blobs import sync_folder

LEVEL = 3  # of zstd: most of what is in a backup is compressed already
LARGEST_WINDOW = 2**27  # bytes of memory to read one; what level 3 writes needs far less
UNREADABLE = (tarfile.TarError, zstandard.ZstdError, EOFError, ValueError)


class Archive:
    """Writes one backup beside `place` and renames it; nothing is touched before it is entered."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._beside = place.with_name(f".{place.name}.part")
        self.scratch = place.with_name(f".{place.name}.scratch")
        self._stack = ExitStack()
        self._tar: tarfile.TarFile
        self._file: BinaryIO

    def __enter__(self) -> Self:
        """Raises OSError."""
        shutil.rmtree(self.scratch, ignore_errors=True)  # left by one that was killed
        self._beside.unlink(missing_ok=True)
        self.scratch.mkdir(mode=0o700)
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self.scratch, ignore_errors=True)
            stack.callback(self._beside.unlink, missing_ok=True)
            self._beside.touch(0o600, exist_ok=False)
            self._file = stack.enter_context(self._beside.open("wb"))
            self._packed = self._open_packed(stack)
            self._tar = tarfile.open(fileobj=self._packed, mode="w", format=tarfile.GNU_FORMAT)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def holds(self, sha256: str, size: int) -> bool:  # noqa: ARG002 - an archive stands for itself
        """Never: an archive begins empty."""
        return False

    def put(self, path: str, source: Hashed) -> Item:
        """Append it."""
        member = tarfile.TarInfo(path)
        member.size, member.mode = source.left, 0o600
        self._tar.addfile(member, cast("IO[bytes]", source))
        return Item(path, source.sha256, member.size)

    def finish(self, listing: Path) -> Path:
        """Append the listing, and rename."""
        with listing.open("rb") as file:
            self.put(LISTING, Hashed(file, listing.stat().st_size))
        self._tar.close()
        self._packed.close()
        with self._beside.open("rb+") as written:
            os.fsync(written.fileno())
        self._beside.replace(self.place)
        sync_folder(self.place.absolute().parent)
        return self.place

    def _open_packed(self, stack: ExitStack) -> IO[bytes]:
        if self.place.suffix != ".zst":
            return self._file
        packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        return stack.enter_context(packer.stream_writer(self._file))


@contextmanager
def members(place: Path) -> Iterator[Iterator[tuple[str, Hashed]]]:
    """Each file of an archive: its path as it stands there, unchecked, and its bytes, to be read before the next.

    Raises Damaged, also within the block, for what is no archive, is cut short, or holds anything but plain files.
    """
    try:
        with (
            place.open("rb") as file,
            _unpacked(place, file) as stream,
            tarfile.open(fileobj=stream, mode="r|") as tar,
        ):
            yield _plain_files(tar)
    except UNREADABLE as error:
        raise Damaged(f"{place} is damaged or was cut short ({error}): use another backup.") from error


def _plain_files(tar: tarfile.TarFile) -> Iterator[tuple[str, Hashed]]:
    while (member := tar.next()) is not None:
        file = tar.extractfile(member) if member.type in {tarfile.REGTYPE, tarfile.AREGTYPE} else None
        if file is None:
            raise Damaged(f"The archive holds {member.name!r}, which is no plain file: do not use it.")
        yield member.name, Hashed(cast("BinaryIO", file), member.size)
        tar.members = []  # type: ignore[attr-defined]  # else each one stays in memory


def _unpacked(place: Path, file: BinaryIO) -> IO[bytes]:
    if place.suffix != ".zst":
        return file
    reader = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW).stream_reader(file)
    return cast("IO[bytes]", reader)
