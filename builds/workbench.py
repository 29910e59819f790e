"""Where one upload's files are worked on: what was made before is in the cache, the rest goes to the presses."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from builds import compress, kept_forms
from builds.cache import Cache, key_of
from builds.compress import Levels
from builds.facts import EDITION, Facts
from builds.job import Job
from builds.kept_forms import Forms
from builds.languages import Language
from builds.presses import Presses, Shift, batches
from builds.progress import Progress
from builds.spaces import Spaces
from builds.values import PressLimits, Report, Staging, StoredFile, StoredVariant


@dataclass(slots=True)
class Task:
    """What is to be done with a file: with `minify` it is made smaller, else only looked at; `snippets` go into it.

    With `compress`, its forms are made on the way. Never changed, though not frozen: that would take as long again to
    make, and each file has two of them.
    """

    file: StoredFile
    language: Language
    minify: bool
    snippets: tuple[str, ...] = ()
    compress: bool = False
    key: str = field(init=False)
    """What the outcome is kept under: everything it depends on. Made once, as it is asked for five times."""

    def __post_init__(self) -> None:
        how = f"minified by {self.language.tool}" if self.minify else "as it is"
        self.key = key_of(self.file.sha256, "made", self.language.name, EDITION, how, *self.snippets)


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a file: content and size, its own where nothing was; what the file says; why making failed."""

    sha256: str
    size: int = 0  # a value of the cache leaves out what is empty
    facts: Facts = field(default_factory=dict)
    failed: str = ""


@dataclass(slots=True)
class Workbench:
    """The work on one upload. What is learned is for the cache once the content is committed; look-ups are counted.

    It may be begun before all of the upload is there: `open`, and `begin` as often as there is something.
    """

    staging: Staging
    cache: Cache
    presses: Presses
    limits: PressLimits
    levels: Levels
    packed: bool = False  # what is made may lie in packs
    progress: Progress = field(default_factory=lambda: Progress(_nobody, "store"))
    hits: int = 0
    misses: int = 0
    _forms: dict[str, Forms] = field(default_factory=dict)
    _begun: dict[str, StoredFile] = field(default_factory=dict)  # by the key of its job
    _ready: dict[str, Made] = field(default_factory=dict)
    _learned: dict[str, Made] = field(default_factory=dict)  # by the key of its job
    _learned_forms: dict[str, Forms] = field(default_factory=dict)  # by the content they are forms of
    _shift: Shift | None = None
    _spaces: Spaces | None = None

    def open(self) -> None:
        """Have the presses wait for what is to come."""
        self._shift = self.presses.shift(self.limits, self._take_begun)

    def begin(self, tasks: Iterable[Task], contents: Iterable[StoredFile]) -> None:
        """Begin with tasks, and with forms of contents, of which the cache has nothing. By one thread at a time."""
        making = {task.key: task for task in tasks if task.key not in self._begun}
        forms = {file.sha256: file for file in contents if file.sha256 not in self._begun}
        self._begun |= {key: task.file for key, task in making.items()} | forms
        self.misses += len(forms)
        jobs = [(self._making(task), task.file.size) for task in making.values()]
        jobs += [(self._compressing(file), file.size) for file in forms.values()]
        if self._shift:
            for batch in batches(jobs):
                self._shift.add(batch)

    def begin_unknown(self, tasks: Collection[Task]) -> None:
        """Begin with tasks, unless the cache has what comes of them."""
        self._ready |= self._kept({task.key for task in tasks})
        self.begin((task for task in tasks if task.key not in self._ready), ())

    def ready(self, tasks: Iterable[Task]) -> list[Made]:
        """The outcomes that are there by now of tasks that were begun."""
        return [self._ready[task.key] for task in tasks if task.key in self._ready]

    def spaces(self, names: Collection[str]) -> Spaces:
        """The pages in which spaces are shown as these say."""
        if self._spaces is None or self._spaces.names != set(names):
            self._spaces = Spaces(names, self.staging)
        return self._spaces

    def watch(self, report: Report, files: int) -> None:
        """Report progress from now on, of the work on so many files and their forms."""
        self.progress = Progress(report, "store", 2 * files)
        self.progress.add(len(self._ready))

    def close(self) -> None:
        """Drop what was begun and is not done; harmless when it is."""
        if self._shift:
            self._shift.drop()
            self._shift = None

    def make(self, tasks: Iterable[Task]) -> dict[str, Made]:
        """The outcome of each task by its key; a file that crashes a press, or takes too long, stays as it is."""
        self._finish()
        wanted = {task.key: task for task in tasks}
        made = {key: self._ready[key] for key in wanted if key in self._ready}
        begun = len(made.keys() & self._begun)
        self.misses += begun
        self.hits += len(made) - begun
        unknown = wanted.keys() - made.keys()
        made |= self._kept(unknown)
        missing = [task for key, task in wanted.items() if key not in made]
        self._count(len(unknown), missing)

        def take(job: Job, news: dict[str, Any]) -> None:
            self._take_pack(news)
            made[job.key] = self._take_made(job, wanted[job.key].file, news)

        self.presses.run([(self._making(task), task.file.size) for task in missing], self.limits, take)
        return made

    def forms(self, contents: Collection[StoredFile]) -> dict[str, Forms]:
        """The compressed forms of each content by its SHA-256; those without any are left out."""
        self._finish()
        wanted = {file.sha256: file for file in contents}
        unknown = wanted.keys() - self._forms.keys()
        self._forms |= self._kept_forms(unknown)
        missing = [wanted[sha256] for sha256 in unknown - self._forms.keys()]
        self._count(len(unknown), missing)

        def take(job: Job, news: dict[str, Any]) -> None:
            self._take_pack(news)
            self._take_forms(job.key, news)

        self.presses.run([(self._compressing(file), file.size) for file in missing], self.limits, take)
        return {sha256: made for sha256 in wanted if (made := self._forms.get(sha256))}

    def remember(self) -> None:
        """Keep what was learned, now that the content it names is in the store, and nobody waits any more."""
        values: dict[str, Any] = {key: self._value(made) for key, made in self._learned.items()}
        for sha256, forms in self._learned_forms.items():
            values[kept_forms.key(sha256, self.levels)] = kept_forms.value(forms, self.staging)
        self.cache.put(values)

    def _value(self, made: Made) -> dict[str, Any]:
        """An outcome as it is kept: where its content lies too, if that is in a pack."""
        value = {name: value for name in Made.__slots__ if (value := getattr(made, name))}
        place = self.staging.place(made.sha256)
        return value | {"place": place} if place else value

    def _finish(self) -> None:
        if self._shift:
            self._shift.finish()
            self._shift = None

    def _take_begun(self, job: Job, news: dict[str, Any]) -> None:
        self._take_pack(news)
        if job.language:
            self._ready[job.key] = self._take_made(job, self._begun[job.key], news)
        else:
            self._take_forms(job.key, news)

    def _kept(self, keys: Collection[str]) -> dict[str, Made]:
        """What was made before, where its content is still there."""
        kept = self.cache.get(keys)
        found = self.staging.find({value["sha256"]: value.pop("place", None) for value in kept.values()})
        return {key: Made(**value) for key, value in kept.items() if value["sha256"] in found}

    def _kept_forms(self, contents: Collection[str]) -> dict[str, Forms]:
        """What was made before: the best, where that was done in the background; else what a site goes live with."""
        return kept_forms.find(self.cache, self.staging, contents, compress.BEST, self.levels)

    def _making(self, task: Task) -> Job:
        return Job(
            key=task.key,
            content=self.staging.where(task.file.sha256),
            folder=self.staging.inbox,
            language=task.language.name,
            minify=task.minify,
            snippets=task.snippets,
            levels=self.levels if task.compress else {},
            packed=self.packed,
        )

    def _compressing(self, file: StoredFile) -> Job:
        if self.staging.place(file.sha256):
            self.staging.unpack(file.sha256, file.size)
        content = self.staging.where(file.sha256)
        return Job(file.sha256, content, self.staging.inbox, self.levels, packed=self.packed)

    def _take_pack(self, news: dict[str, Any]) -> None:
        if "pack" in news:
            self.staging.take_in_pack(*news["pack"])

    def _take_made(self, job: Job, file: StoredFile, news: dict[str, Any]) -> Made:
        """What came of a job, for the cache too, unless it failed: next time the machine may be less busy."""
        self.progress.add(1)
        if "failed" in news:
            made = Made(file.sha256, file.size, failed=news["failed"])
        elif news["made"]:
            made = Made(*self._adopt(news["made"]), news["facts"])
        else:
            made = Made(file.sha256, file.size, news["facts"])
        if "failed" not in news:
            self._learned[job.key] = made
        if job.levels and "failed" not in news:
            self._take_forms(made.sha256, news)
        return made

    def _take_forms(self, sha256: str, news: dict[str, Any]) -> None:
        forms = tuple(StoredVariant(coding, *self._adopt(stored)) for coding, stored in news.get("forms", ()))
        self._forms[sha256] = forms
        if "failed" not in news:
            self._learned_forms[sha256] = forms

    def _adopt(self, stored: list[Any]) -> tuple[str, int]:
        sha256, size, name = stored
        if name:  # else it lies in a pack
            self.staging.take_in(name, sha256, size)
        return sha256, size

    def _count(self, looked_up: int, missing: Collection[object]) -> None:
        self.hits += looked_up - len(missing)
        self.misses += len(missing)
        self.progress.add(looked_up - len(missing))


def _nobody(_step: str, _done: int, _total: int) -> None:
    """Progress is not reported yet."""
