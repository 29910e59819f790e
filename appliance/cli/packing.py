"""An upload from what is on disk, never held whole: a folder as a compressed tar made on the fly, a file as it is."""

import secrets
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from appliance.cli.output import Failure
from appliance.cli.tree import Leaf, Tree, walk

CHUNK = 256 * 1024  # bytes read at once
LEVEL = 3  # zstd: as fast as a disk, and most of what can be saved
ARCHIVES = {
    ".zip": "application/zip",
    ".tar": "application/x-tar",
    ".tar.gz": "application/gzip",
    ".tgz": "application/gzip",
    ".tar.zst": "application/zstd",
}

Read = Callable[[int], None]
"""Called with the number of content bytes read, each time some were."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent: its headers, how many content bytes are read for it, what was left out, and the bytes.

    `left_out` are problems in the API's form. `chunks(read)` may be iterated once; it raises Failure naming a file that
    changes its size meanwhile.
    """

    headers: dict[str, str]
    size: int
    left_out: tuple[dict[str, Any], ...]
    chunks: Callable[[Read], Iterator[bytes]]


def parcel(path: Path) -> Parcel:
    """What to send for a folder, an archive or a single file. Raises Failure when there is nothing to send."""
    if path.is_dir():
        return folder_parcel(folder_tree(path))
    for suffix, media_type in ARCHIVES.items():
        if path.name.lower().endswith(suffix):
            return _archive(path, media_type)
    return _single(path)


def tar(files: Iterable[Leaf], read: Read) -> Iterator[bytes]:
    """The files as a PAX tar, the same bytes for the same names and contents whoever packs them and when."""
    for leaf in files:
        header = tarfile.TarInfo(leaf.name)
        header.size = leaf.size
        yield header.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")
        yield from content(leaf.path, leaf.size, read)
        yield bytes(-leaf.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def content(path: Path, size: int, read: Read) -> Iterator[bytes]:
    """Exactly `size` bytes of a file; Failure when it has become shorter or longer since it was measured."""
    left = size
    with path.open("rb") as file:
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            read(len(chunk))
            yield chunk
        if left or file.read(1):
            raise Failure(f"{path} changed while it was read: deploy again once nothing writes to it.")


def folder_tree(path: Path) -> Tree:
    """What of a folder is sent. Raises Failure when that is nothing."""
    tree = walk(path)
    if not tree.files:
        raise Failure(f"There is nothing to deploy in {path}: no files are left once junk and dot files are left out.")
    return tree


def folder_parcel(tree: Tree) -> Parcel:
    """A folder as one archive."""
    return Parcel(
        headers={"Content-Type": "application/zstd"},
        size=sum(leaf.size for leaf in tree.files),
        left_out=tree.left_out,
        chunks=lambda read: _compressed(tar(tree.files, read)),
    )


def _archive(path: Path, media_type: str) -> Parcel:
    size = path.stat().st_size
    headers = {"Content-Type": media_type, "Content-Length": str(size)}
    return Parcel(headers, size, (), lambda read: content(path, size, read))


def _single(path: Path) -> Parcel:
    size = path.stat().st_size
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(path.name)}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(head) + size + len(tail)),
    }
    return Parcel(headers, size, (), lambda read: _between(head, content(path, size, read), tail))


def _compressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    compressor = zstandard.ZstdCompressor(level=LEVEL).compressobj()
    for chunk in chunks:
        if packed := compressor.compress(chunk):
            yield packed
    yield compressor.flush()


def _between(head: bytes, middle: Iterator[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    yield from middle
    yield tail


def _quoted(name: str) -> str:
    """A file name for a multipart head, as browsers write it (WHATWG HTML, 4.10.21.8)."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise Failure("The file's name is not valid UTF-8: rename it, then deploy again.") from None
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
