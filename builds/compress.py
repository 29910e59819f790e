"""Makes the compressed forms of an upload's files, once, so that no visitor ever waits for a compressor."""

import threading
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import brotli
import zstandard

from builds.progress import Progress
from builds.values import MB, Plan, Report, Staging, StoredFile, StoredVariant, Unpacked

SMALLEST = 1_000  # bytes; with its head, a smaller file is one packet either way
LARGEST = 32 * MB  # bytes; a file is compressed in memory, one for each thread
WORTH = 0.95  # a form is kept when it is at least 5 % smaller
THREADS = 2  # the compressors run outside Python's lock
LEVELS = {"zstd": 3, "br": 4, "gzip": 4}  # a third of the time of the usual 9, 6 and 6 for a twentieth more bytes
LEVELS_OF_MUCH = {"zstd": 3, "gzip": 1}  # at a speed like these, br comes out hardly smaller than gzip (measured: 4 %)
MUCH = 50 * MB  # bytes of text in one upload, from which on going live soon is worth more than a last tenth
GZIP_WINDOW = 16 + zlib.MAX_WBITS

Variants = tuple[StoredVariant, ...]


def add_variants(unpacked: Unpacked, plan: Plan, staging: Staging, report: Report) -> Unpacked:
    """The same with `variants`, which are put into `staging`; progress is reported as part of the step `store`.

    Files whose extension is in `plan.compress` are compressed, unless `plan.compressed` names their content. Two
    threads; memory stays within a few times LARGEST.
    """
    files = _worth_trying(unpacked, plan)
    progress = Progress(report, "store", len(files) + len(unpacked.files))
    much = sum(file.size for file in files) > MUCH
    codings = _Codings(LEVELS_OF_MUCH if much else LEVELS)

    def compress(file: StoredFile) -> Variants:
        made = _compress(staging, file.sha256, codings)
        progress.add(1)
        return made

    with ThreadPoolExecutor(THREADS, "compress") as threads:
        made = list(threads.map(compress, files))
    variants = {file.sha256: forms for file, forms in zip(files, made, strict=True) if forms}
    return replace(unpacked, variants=variants)


def _worth_trying(unpacked: Unpacked, plan: Plan) -> list[StoredFile]:
    """One file for each content, the largest first: so that both threads have work to the end."""
    wanted, done = frozenset(plan.compress), frozenset(plan.compressed)
    files = {
        file.sha256: file
        for file in unpacked.files
        if SMALLEST <= file.size <= LARGEST and file.sha256 not in done and _extension(file.path) in wanted
    }
    return sorted(files.values(), key=lambda file: file.size, reverse=True)


def _compress(staging: Staging, sha256: str, codings: "_Codings") -> Variants:
    """The forms that help, in the order of preference; when the first does not, the others will not either."""
    content = staging.read(sha256)
    made: list[StoredVariant] = []
    for coding, compressor in codings.compressors.items():
        compressed = compressor(content)
        if len(compressed) > len(content) * WORTH:
            if not made:
                break
            continue
        made.append(StoredVariant(coding, *staging.put((compressed,))))
    return tuple(made)


def _extension(path: str) -> str:
    _, dot, extension = path.rpartition("/")[2].rpartition(".")
    return extension.lower() if dot else ""


class _Codings:
    """The compressors at their levels, for use by several threads."""

    def __init__(self, levels: dict[str, int]) -> None:
        self._levels = levels
        self._own = threading.local()
        known = {"zstd": self._zstd, "br": self._br, "gzip": self._gzip}
        self.compressors: dict[str, Callable[[bytes], bytes]] = {coding: known[coding] for coding in levels}

    def _zstd(self, content: bytes) -> bytes:
        compressor = getattr(self._own, "zstd", None)
        if compressor is None:  # one for each thread: it is fast, and not to be shared
            compressor = self._own.zstd = zstandard.ZstdCompressor(level=self._levels["zstd"])
        compressed: bytes = compressor.compress(content)
        return compressed

    def _br(self, content: bytes) -> bytes:
        compressed: bytes = brotli.compress(content, quality=self._levels["br"])
        return compressed

    def _gzip(self, content: bytes) -> bytes:
        return zlib.compress(content, self._levels["gzip"], GZIP_WINDOW)  # no name, no time: always the same bytes
