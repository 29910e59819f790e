"""Opens an upload as the pipeline does, over a real store, and reads back what was kept."""

from dataclasses import dataclass
from pathlib import Path

from appliance.storage.blobs import Blobs
from builds.archive import unpack
from builds.cache import Cache, NoCache
from builds.errors import BuildError
from builds.inflated import Inflated
from builds.lone_file import with_page
from builds.tree import with_index
from builds.values import Limits, Note, Plan


@dataclass(frozen=True)
class Opened:
    """What came out: content by path, notes, and the progress that was reported."""

    files: dict[str, bytes]
    all_notes: tuple[Note, ...]
    progress: list[tuple[str, int, int]]

    @property
    def unpacking(self) -> list[tuple[int, int]]:
        return [(done, total) for step, done, total in self.progress if step == "unpack"]

    @property
    def notes(self) -> dict[str, Note]:
        return {note.code: note for note in self.all_notes}


class Opener:
    """Opens bytes as an upload; after a refusal nothing may be left in the store.

    With a cache, each upload is one to a site whose last upload is remembered there.
    """

    def __init__(self, folder: Path, cache: Cache | None = None) -> None:
        self.folder = folder
        self.blobs = Blobs(folder / "blobs")
        self.cache = cache or NoCache()

    def __call__(self, upload: bytes, filename: str = "", limits: Limits | None = None) -> Opened:
        path = self.folder / "upload"
        path.write_bytes(upload)
        progress: list[tuple[str, int, int]] = []
        staging = self.blobs.stage(self.folder / "work")
        plan = Plan("d1", path, self.folder, limits or Limits(), filename)
        inflated = Inflated(self.cache, "site")
        try:
            unpacked = unpack(plan, staging, lambda *step: progress.append(step), inflated=inflated)
            unpacked = with_index(with_page(unpacked, staging))
            staging.keep(unpacked.contents)
            for file in unpacked.files:  # all 256 folders would take longer than most tests do
                self.blobs.path(file.sha256).parent.mkdir(parents=True, exist_ok=True)
            staging.commit()
            inflated.remember(unpacked.contents)
        finally:
            staging.discard()
        files = {file.path: self.blobs.path(file.sha256).read_bytes() for file in unpacked.files}
        assert [file.path for file in unpacked.files] == sorted(files)
        assert [file.size for file in unpacked.files] == [len(files[file.path]) for file in unpacked.files]
        return Opened(files, unpacked.notes, progress)

    def refusal(self, upload: bytes, filename: str = "", limits: Limits | None = None) -> BuildError:
        try:
            opened = self(upload, filename, limits)
        except BuildError as error:
            assert self.stored() == []
            return error
        raise AssertionError(f"was taken: {sorted(opened.files)}")

    def stored(self) -> list[Path]:
        return [path for path in self.blobs.root.rglob("*") if path.is_file()]
