"""Which content is named, in little memory however much that is: spooled to a file for each two hex digits."""

import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

PIECE = 256 * 1024  # bytes read at a time
AT_ONCE = 200_000  # hashes kept before they are written: some 25 MB
WIDTH = 32  # bytes of a SHA-256
_NAME = re.compile(rb'"([0-9a-f]{64})"')
_LONGEST = 66  # bytes of a name in its quotes


class Marks:
    """A set of SHA-256 that is filled first, and read by prefix then. Blocks; for one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fresh: set[bytes] = set()
        shutil.rmtree(folder, ignore_errors=True)  # what one that was killed has left
        folder.mkdir(parents=True)

    def add(self, names: Iterable[str]) -> None:
        """Mark content."""
        self._fresh.update(map(bytes.fromhex, names))
        if len(self._fresh) >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what is in memory, so that `of` knows it."""
        by_prefix: dict[int, list[bytes]] = defaultdict(list)
        for digest in self._fresh:
            by_prefix[digest[0]].append(digest)
        for prefix, digests in by_prefix.items():
            with (self._folder / f"{prefix:02x}").open("ab") as file:
                file.write(b"".join(digests))
        self._fresh.clear()

    def of(self, prefix: str) -> set[str]:
        """All that is marked below a prefix, as lower-case hex."""
        try:
            stored = (self._folder / prefix).read_bytes()
        except FileNotFoundError:
            return set()
        return {stored[start : start + WIDTH].hex() for start in range(0, len(stored), WIDTH)}

    def close(self) -> None:
        """Forget everything."""
        shutil.rmtree(self._folder, ignore_errors=True)


def named_in(file: BinaryIO, also: Callable[[bytes], object] = lambda _: None) -> Iterator[list[str]]:
    """What looks like a SHA-256 in a manifest or listing: never less than it names. Each piece goes to `also`."""
    rest = b""
    while piece := file.read(PIECE):
        also(piece)
        text = rest + piece
        yield [name.decode() for name in _NAME.findall(text)]
        rest = text[-_LONGEST + 1 :]
