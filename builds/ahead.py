"""Has the presses begin while an upload is still being unpacked, so that no core waits for another.

What an upload is, and what is to be done with each of its files, is known for certain only when all of it is there. By
names, and by what is unpacked first, that can be guessed. A wrong guess costs time of the presses, never a wrong
result: what is asked for in the end is found under a key of all it depends on, or made then.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping

from builds.detect import MARKERS
from builds.languages import language_of
from builds.order import Order
from builds.presses import BATCH_BYTES, BATCH_FILES, LARGE_UPLOAD, Presses
from builds.recipe import AUTO, STATIC
from builds.transform import Tasks, are_bound, is_compressed, mind_spaces, open_bench, tasks_of
from builds.values import Plan, Report, Staging, StoredFile, Unpacked
from builds.workbench import Made, Workbench


class Ahead:
    """Looks on while one upload is unpacked (see `intake.Onlooker`); afterwards its `bench` is where to go on.

    Only content that is new to the store is worked on: of what is known, the cache may have everything.
    """

    def __init__(self, plan: Plan, staging: Staging, presses: Presses, report: Report) -> None:
        self._plan = plan
        self._staging = staging
        self._presses = presses
        self._report = report
        self._bench: Workbench | None = None
        self._paths: Collection[str] = ()
        self._sheets = _Sheets([])
        self._waiting: list[StoredFile] = []
        self._files = self._bytes = 0  # that have come to wait since the last hand-over
        self._bound = False
        self._lock = threading.Lock()

    def expect(self, sizes: Mapping[str, int]) -> None:
        """What will be stored, as the upload says itself: bytes by path. Not from a thread that has stepped aside."""
        wanted = self._plan.transforms
        if not wanted or sum(sizes.values()) <= LARGE_UPLOAD or _may_be_built(sizes, self._plan.order):
            return
        files = [StoredFile(path, "", size) for path, size in sizes.items()]
        self._paths = sizes.keys()
        self._sheets = _Sheets(filter(_is_sheet, sizes))
        self._bench = open_bench(files, wanted, self._staging, self._presses)
        self._bench.open()

    def comes_first(self, path: str) -> bool:
        """Whether this file says what may be done with others, once something is expected."""
        return self._bench is not None and (path in self._sheets or self._is_aside(path))

    def stored(self, file: StoredFile) -> None:
        """A file was put in the staging. From any thread."""
        if self._bench is None:
            return
        with self._lock:
            if self._is_aside(file.path):
                self._bound = self._bound or self._binds(file)
            elif file.path in self._sheets:
                self._sheets.add(file)
            elif self._staging.is_new(file.sha256):
                self._waiting.append(file)
                self._files += 1
                self._bytes += file.size
            if self._files == BATCH_FILES or self._bytes > BATCH_BYTES:
                self._hand_over(self._bench)

    def bench(self, unpacked: Unpacked) -> Workbench:
        """A workbench for what the upload has turned out to be; what was begun is found there."""
        bench = open_bench(unpacked.files, self._plan.transforms, self._staging, self._presses)
        if self._bench and self._bench.levels == bench.levels:
            self._hand_over(self._bench)
        else:
            self.close()
            self._bench = bench
        self._bench.watch(self._report, len(unpacked.files))
        return self._bench

    def close(self) -> None:
        """End what was begun and nobody waits for."""
        if self._bench:
            self._bench.close()

    def _is_aside(self, path: str) -> bool:
        return path.rpartition("/")[2] in self._plan.aside

    def _binds(self, file: StoredFile) -> bool:
        """Whether headers in this file keep pages from being changed; of a large one that is not looked at yet."""
        return file.size <= BATCH_BYTES and are_bound([self._staging.read(file.sha256)])

    def _hand_over(self, bench: Workbench) -> None:
        """Give away what waits, once all stylesheets have been read: they say which pages stay as they are."""
        self._files = self._bytes = 0
        wanted = self._plan.transforms
        if not self._sheets.are_read(bench, lambda files: tasks_of(files, self._paths, wanted, bound=False)):
            return
        files, self._waiting = self._waiting, []
        tasks = tasks_of(files, self._paths, wanted, bound=self._bound)
        tasks = mind_spaces(tasks, self._sheets.outcomes, bench)
        others = [file for file in files if file.path not in tasks and is_compressed(file, wanted)]
        bench.begin(tasks.values(), others)


class _Sheets:
    """The stylesheets of an upload, which are worked on before all else; at these paths they are expected."""

    def __init__(self, expected: Iterable[str]) -> None:
        self._expected = frozenset(expected)
        self._files: list[StoredFile] = []
        self._tasks: Tasks | None = None  # once all of them have come
        self.outcomes: list[Made] = []

    def __contains__(self, path: str) -> bool:
        return path in self._expected

    def add(self, file: StoredFile) -> None:
        """One has come."""
        self._files.append(file)

    def are_read(self, bench: Workbench, tasks_of_files: Callable[[list[StoredFile]], Tasks]) -> bool:
        """Whether all of them have been; begins with them as soon as all are there."""
        if len(self._files) < len(self._expected):
            return False
        if self._tasks is None:
            self._tasks = tasks_of_files(self._files)
            bench.begin_unknown(self._tasks.values())
        if len(self.outcomes) < len(self._tasks):
            self.outcomes = bench.ready(self._tasks.values())
        return len(self.outcomes) == len(self._tasks)


def _is_sheet(path: str) -> bool:
    language = language_of(path)
    return language is not None and language.name == "css"


def _may_be_built(paths: Collection[str], order: Order | None) -> bool:
    """Whether there is a sign of a source, or the site is usually built from one."""
    if order is None or order.choice.generator == STATIC:
        return False
    return order.choice.generator != AUTO or any(path.rpartition("/")[2] in MARKERS for path in paths)
