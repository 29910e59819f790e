"""Folders of earlier builds, kept by key: what a lock file's dependencies were, for the next build that has the same.

Each is one packed file, named by its key and used last when the file's time says; so the folder of them is its own
index, a process that is killed leaves at most a file that nobody takes, and an object store could have them as well.
"""

import os
import stat
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from builds.bounds import written
from builds.folders import FILE, remove
from builds.made import made
from builds.sandbox.refusals import cancelled_build

PIECE = 1024 * 1024  # bytes read at once
ENTRY = 4096  # bytes that a file takes on a disk beside its content
BESIDE = ".new-"  # prefix of a file that is being packed
LEFT_OVER = 24 * 3600  # seconds: what was being packed for so long was left by a process that was killed
LEVEL = 3  # of Zstandard: as fast as a disk


class KeptFolders:
    """Keeps copies of folders in `root`, packed, up to `size` bytes; what was not used for longest goes first.

    What a build has written may be anything: of it, regular files, folders and links are kept, links as they are, and
    no folder with more than `largest` bytes in it. Safe to use from several processes; what is found damaged is taken
    out. `say` takes lines for the build's log; once `cancelled` is set, both methods raise BuildError.
    """

    def __init__(
        self, root: Path, size: int, largest: int, say: Callable[[str], None], cancelled: threading.Event
    ) -> None:
        self._root = root
        self._size = size
        self._largest = largest
        self._say = say
        self._cancelled = cancelled
        self.hits = 0
        self.misses = 0

    def folder(self, key: str, target: Path) -> bool:
        """Put a copy of a kept folder at `target`, which must not exist; whether there was one."""
        packed = self._root / key
        found = packed.is_file() and self._unpacked(packed, target)
        self.hits += found
        self.misses += not found
        return found

    def keep_folder(self, key: str, source: Path) -> None:
        """Keep a copy of a folder; the log says so where that cannot be done."""
        if not self._size:
            return
        made(self._root, 1)
        descriptor, name = tempfile.mkstemp(prefix=BESIDE, dir=self._root)
        packed = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                self._pack(source, file)
            packed.replace(self._root / key)
        except _TooMuch as error:
            self._say(f"What was installed is not kept for later builds: {error}")
        except OSError as error:
            self._say(f"What was installed could not be kept for later builds: {error.strerror or error}.")
        finally:
            packed.unlink(missing_ok=True)
        self._make_room()

    def _unpacked(self, packed: Path, target: Path) -> bool:
        try:
            with packed.open("rb") as file:
                os.utime(packed)  # used now
                self._unpack(file, target)
        except (tarfile.TarError, zstandard.ZstdError, EOFError):
            packed.unlink(missing_ok=True)
        except FileNotFoundError:
            pass  # it had to make room meanwhile
        else:
            return True
        remove(target)
        return False

    def _pack(self, source: Path, file: BinaryIO) -> None:
        packing = _Packing(file, self._size)
        left = self._largest
        with tarfile.open(fileobj=cast("BinaryIO", packing), mode="w|", format=tarfile.PAX_FORMAT) as archive:
            for entry in _entries(source):
                if self._cancelled.is_set():
                    raise cancelled_build()
                left -= ENTRY + _add(archive, source, Path(entry.path), left)
                if left < 0:
                    raise _TooMuch(f"it is more than build_disk = {written(self._largest)}.")
        packing.finish()

    def _unpack(self, file: BinaryIO, target: Path) -> None:
        """Names are those `_pack` gave: none leads out, and nothing lies below a link."""
        target.mkdir()
        with (
            zstandard.ZstdDecompressor().stream_reader(file, closefd=False) as unpacking,
            tarfile.open(fileobj=unpacking, mode="r|", errorlevel=2) as archive,
        ):
            for member in archive:
                if self._cancelled.is_set():
                    raise cancelled_build()
                _write(archive, member, target / member.name)

    def _make_room(self) -> None:
        total = 0
        for kept in sorted(self._files(), key=lambda file: file.stat().st_mtime, reverse=True):
            with suppress(FileNotFoundError):  # another process makes room too
                total += kept.stat().st_size
                if total > self._size:
                    kept.unlink()

    def _files(self) -> Iterator[Path]:
        """The kept ones; files that were never finished go on the way."""
        for file in self._root.iterdir():
            if not file.name.startswith("."):
                yield file
            elif file.stat().st_mtime < time.time() - LEFT_OVER:
                file.unlink(missing_ok=True)


class _TooMuch(Exception):
    """It is not kept; `str()` says why."""


class _Packing:
    """Packs what is written to it into a file of at most so many bytes; a tar that is made in one go only writes."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()
        self._file = file
        self._most = most
        self._left = most

    def write(self, piece: bytes) -> int:
        self._put(self._compressor.compress(piece))
        return len(piece)

    def finish(self) -> None:
        self._put(self._compressor.flush())

    def _put(self, packed: bytes) -> None:
        self._left -= len(packed)
        if self._left < 0:
            raise _TooMuch(f"it takes more than dependencies_size = {written(self._most)}.")
        self._file.write(packed)


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    """All that is below a folder, folders before what is in them, however deep; no link is followed."""
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as found:
            for entry in sorted(found, key=lambda one: one.name):
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))


def _add(archive: tarfile.TarFile, top: Path, path: Path, most: int) -> int:
    """Pack an entry; the bytes it takes once unpacked. Nothing is packed of one with more than `most`."""
    status = path.lstat()
    member = tarfile.TarInfo(path.relative_to(top).as_posix())
    member.mode, member.mtime = status.st_mode & 0o777, int(status.st_mtime)  # a set-user-id bit is not kept
    if stat.S_ISDIR(status.st_mode):
        member.type = tarfile.DIRTYPE
        archive.addfile(member)
    elif stat.S_ISLNK(status.st_mode):
        member.type, member.linkname = tarfile.SYMTYPE, os.readlink(path)  # noqa: PTH115 - as it is written, not as a Path would
        archive.addfile(member)
    elif stat.S_ISREG(status.st_mode):
        with os.fdopen(os.open(path, FILE), "rb") as content:
            member.size = os.fstat(content.fileno()).st_size  # a file full of holes takes all of it elsewhere
            if member.size <= most:
                archive.addfile(member, content)
            return member.size
    return 0


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    if member.isdir():
        path.mkdir(mode=member.mode | stat.S_IRWXU)
    elif member.issym():
        path.symlink_to(member.linkname)
    elif (content := archive.extractfile(member)) is not None:
        with path.open("wb") as file:
            while piece := content.read(PIECE):
                file.write(piece)
        path.chmod(member.mode | stat.S_IRUSR | stat.S_IWUSR)
        os.utime(path, (member.mtime, member.mtime))
