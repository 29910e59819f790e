"""A backup as one file: a tar, compressed where its name ends in `.zst`, with the listing as its last member.

An encrypted one is a tar of two files that the program `age` opens: `identity.age`, which the passphrase opens, and
with it `backup.tar.zst.age`, the backup. (The library encrypts to a passphrase in memory only, so not the whole of it.)
"""

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
from appliance.safekeeping.items import LISTING, Damaged, Item, Refused
from appliance.safekeeping.pipes import read_by, written_by
from appliance.safekeeping.places import Means
from appliance.safekeeping.seals import IDENTITY, LARGEST_IDENTITY, encryption, identity_in, read_whole
from appliance.storage.syncing import sync_folder

SEALED = ".age.tar"
INNER = "backup.tar.zst.age"
LEVEL = 3  # of zstd: most of what is in a backup is compressed already
LARGEST_WINDOW = 2**27  # bytes of memory to read one; what level 3 writes needs far less
UNREADABLE = (tarfile.TarError, zstandard.ZstdError, EOFError, ValueError)


class Archive:
    """Writes one backup beside `place` and renames it; nothing is touched before it is entered."""

    def __init__(self, place: Path, means: Means) -> None:
        self.place = place
        self._means = means
        self._beside = place.with_name(f".{place.name}.part")
        self.scratch = place.with_name(f".{place.name}.scratch")
        self._stack = ExitStack()
        self._tar: tarfile.TarFile
        self._file: BinaryIO
        self._layers = ExitStack()  # what stands between the tar and the file

    def __enter__(self) -> Self:
        """Raises OSError, and Refused where the name does not tell whether it is encrypted."""
        self._check_name()
        shutil.rmtree(self.scratch, ignore_errors=True)  # left by one that was killed
        self._beside.unlink(missing_ok=True)
        self.scratch.mkdir(mode=0o700)
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self.scratch, ignore_errors=True)
            stack.callback(self._beside.unlink, missing_ok=True)
            self._beside.touch(0o600, exist_ok=False)
            self._file = stack.enter_context(self._beside.open("wb"))
            self._layers = stack.enter_context(ExitStack())
            self._tar = tarfile.open(fileobj=self._open_layers(), mode="w", format=tarfile.GNU_FORMAT)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def holds(self, sha256: str, size: int) -> bool:  # noqa: ARG002 - an archive stands for itself
        """Never: an archive begins empty."""
        return False

    def put(self, path: str, source: Hashed) -> Item:
        """Append it."""
        member = tarfile.TarInfo(path)
        member.size, member.mode = source.left, 0o600
        self._tar.addfile(member, cast("IO[bytes]", source))
        return Item(path, source.sha256, member.size)

    def finish(self, listing: Path) -> str:
        """Append the listing, and rename."""
        with listing.open("rb") as file:
            self.put(LISTING, Hashed(file, listing.stat().st_size))
        self._tar.close()
        self._layers.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._beside.replace(self.place)
        sync_folder(self.place.absolute().parent)
        return str(self.place)

    def _check_name(self) -> None:
        named = self.place.name.endswith(SEALED)
        if self._means.passphrase and not named:
            raise Refused(f"{self.place} is to be encrypted: give it a name that ends in {SEALED}.")
        if named and not self._means.passphrase:
            raise Refused(f"{self.place} is to be encrypted by its name: give a passphrase, --passphrase-file FILE.")

    def _open_layers(self) -> IO[bytes]:
        file: IO[bytes] = self._file
        if self._means.passphrase:
            file = self._layers.enter_context(_encrypting(self._file, self._means.passphrase))
        elif self.place.suffix != ".zst":
            return file
        packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        return self._layers.enter_context(packer.stream_writer(file, closefd=False))


@contextmanager
def _encrypting(file: BinaryIO, passphrase: str) -> Iterator[IO[bytes]]:
    """Makes the file a tar of the two members of an encrypted archive; the second is what is written in the block."""
    identity = encryption().new_identity()
    closed = encryption().closed(identity, passphrase)
    file.write(_header(IDENTITY, len(closed)) + closed + _padding(len(closed)))
    header = file.tell()
    file.write(_header(INNER, 0))
    with read_by(lambda plain: encryption().encrypt(identity, plain, file)) as plain:
        yield plain
    size = file.tell() - header - tarfile.BLOCKSIZE
    file.write(_padding(size) + bytes(2 * tarfile.BLOCKSIZE))
    file.seek(header)
    file.write(_header(INNER, size))


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


@contextmanager
def members(place: Path, means: Means) -> Iterator[Iterator[tuple[str, Hashed]]]:
    """Each file of an archive: its path as it stands there, unchecked, and its bytes, to be read before the next.

    Raises Damaged, also within the block, for what is no archive, is cut short, or holds anything but plain files; and
    Refused where it is not of this passphrase.
    """
    try:
        with (
            place.open("rb") as file,
            _unpacked(place, file, means) as stream,
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


@contextmanager
def _unpacked(place: Path, file: BinaryIO, means: Means) -> Iterator[IO[bytes]]:
    sealed = file.read(len(IDENTITY) + 1) == IDENTITY.encode() + b"\0"
    file.seek(0)
    if means.passphrase and not sealed:
        raise Refused(f"{place} is not encrypted: name the one that is, or leave out {means.said}.")
    with ExitStack() as stack:
        stream: IO[bytes] = stack.enter_context(_decrypted(place, file, means)) if sealed else file
        if sealed or place.suffix == ".zst":
            unpacker = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW)
            stream = cast("IO[bytes]", stack.enter_context(unpacker.stream_reader(stream, closefd=False)))
        yield stream


@contextmanager
def _decrypted(place: Path, file: BinaryIO, means: Means) -> Iterator[IO[bytes]]:
    with tarfile.open(fileobj=file, mode="r:") as outer:
        key, inner = outer.next(), outer.next()
        if key is None or inner is None or inner.name != INNER:
            raise Damaged(f"{place} is damaged or was cut short: use another backup.")
        found = read_whole(cast("BinaryIO", outer.extractfile(key)), LARGEST_IDENTITY)
        identity = identity_in(found, means, str(place))
        stored = cast("BinaryIO", outer.extractfile(inner))
        with written_by(lambda plain: encryption().decrypt(identity, stored, plain)) as stream:
            yield stream
