"""Builds a source by its recipe, in a sandbox: laid out, dependencies fetched, generator run, output collected."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from builds.collect import collect
from builds.errors import BuildError
from builds.folders import fresh, remove
from builds.kept import KeptFolders
from builds.log import BuildLog
from builds.masking import masked
from builds.order import FETCH, RUN, Order
from builds.output import Before, output_folder
from builds.published import secrets_in
from builds.recipe import PythonPackages, Recipe, Step
from builds.sandbox.probe import probe
from builds.sandbox.values import Command, Sandbox, Wishes
from builds.tools import Kit, Toolbox
from builds.tools.dependencies import Dependencies
from builds.tools.environment import Environments
from builds.values import Note, Plan, Staging, Unpacked
from builds.watcher import Watcher

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
PLAIN_ENVIRONMENT = {"LANG": "C.UTF-8", "CI": "true", "TMPDIR": "/tmp", "NO_COLOR": "1", "TERM": "dumb"}  # noqa: S108 - the sandbox's own
NOT_FOUND, NOT_EXECUTABLE = 127, 126  # exit statuses (POSIX.1-2017, XCU 2.8.2)


def generate(recipe: Recipe, plan: Plan, unpacked: Unpacked, staging: Staging, watcher: Watcher) -> Unpacked:
    """The site that the recipe makes of the upload, put into `staging`. Raises BuildError.

    Whatever happens, no process and no file of the build is left, except what its caches keep.
    """
    order = plan.order or Order()
    place = _Place(plan.workspace / "build")
    log = BuildLog(watcher.say, order.secrets, order.log, place.shorter(order.cache))
    try:
        with _bench(place, order, log, watcher) as bench:
            bench.lay_out(unpacked, staging)
            bench.fetch(recipe)
            before = Before(frozenset(file.path for file in (*unpacked.files, *unpacked.hidden)))
            bench.carry_out(RUN, recipe, recipe.run)
            folder = output_folder(bench.source, recipe.base, recipe.output, before, recipe.astray)
            built = collect(bench.source, folder, plan.limits, staging)
            told = secrets_in(built.files, order.variables.values(), staging)
            log.line(_made(recipe.title, len(built.files), folder.relative_to(bench.source)))
    except BuildError as error:
        error.lines = error.lines or log.recent()
        error.detail = masked(error.detail, order.secrets)
        raise
    finally:
        log.finish()
    of_source = (Note("source_note", note) for note in recipe.notes)
    built = replace(built, notes=(*of_source, *built.notes, *told))
    return replace(built, generator=recipe.generator, kept_hits=bench.kept.hits, kept_misses=bench.kept.misses)


def _made(title: str, count: int, folder: Path) -> str:
    return f"{title} made 1 file in {folder}/" if count == 1 else f"{title} made {count} files in {folder}/"


def _held(sandbox: Sandbox) -> str:
    """In few words, as it is in every log; what holds a build in all is told to operators."""
    if sandbox.isolated:
        return f"The build is isolated ({sandbox.name})."
    return f"The build is not isolated ({sandbox.name})."


@dataclass(frozen=True, slots=True)
class _Place:
    """A build's folders: the upload's files, the home of its user, and what the tools put beside them."""

    folder: Path

    @property
    def source(self) -> Path:
        return self.folder / "source"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def python(self) -> Path:
        return self.folder / "python"

    @property
    def aside(self) -> Path:
        return self.folder / "aside"

    def shorter(self, cache: Path) -> dict[str, str]:
        """How a log shows paths: seen from the project's top, and without where the server keeps its data."""
        names = {f"{self.source}/": "./", str(self.source): ".", str(self.home): "~", f"{self.folder}/": "../"}
        return names | ({f"{cache}/": "…/"} if cache.is_absolute() else {})


@contextmanager
def _bench(place: _Place, order: Order, log: BuildLog, watcher: Watcher) -> Iterator["_Bench"]:
    """The place to build in, until the block ends."""
    fresh(place.folder)
    try:
        yield _Bench(place, order, sandbox_for(order.wishes), log, watcher)
    finally:
        remove(place.folder)


@cache  # what works does not change while a child lives, and finding out starts processes
def sandbox_for(wishes: Wishes) -> Sandbox:
    """The sandbox that the operator wants. Raises BuildError where there is none."""
    return probe(wishes)


class _Bench:
    """Carries out the steps of one build, one after the other."""

    def __init__(self, place: _Place, order: Order, sandbox: Sandbox, log: BuildLog, watcher: Watcher) -> None:
        self.source = place.source
        self._place = place
        self._order = order
        self._sandbox = sandbox
        self._log = log
        self._watcher = watcher
        self._kits: list[Kit] = []
        self._versions: tuple[str, ...] = ()  # of the tools
        kept_in, most = order.cache / "dependencies", order.keeping.dependencies
        self.kept = KeptFolders(kept_in, most, order.bounds.workspace, log.line, watcher.cancelled)
        for folder in (place.source, place.home):
            folder.mkdir()

    def lay_out(self, unpacked: Unpacked, staging: Staging) -> None:
        """Write the upload's files, dot files too, where the build may change them."""
        made: set[Path] = set()
        for file in (*unpacked.files, *unpacked.hidden):
            path = self.source / file.path
            if path.parent not in made:
                path.parent.mkdir(parents=True, exist_ok=True)
                made.add(path.parent)
            content = staging.read(file.sha256)
            path.write_bytes(content)
            if content.startswith(b"#!"):  # archives of other systems do not say that a script may be run
                path.chmod(0o755)

    def fetch(self, recipe: Recipe) -> None:
        """Get the tools and the dependencies, from earlier builds of the site where those had the same."""
        self._log.step(FETCH)
        self._watcher.report(FETCH, 0, len(recipe.fetch))
        for note in recipe.notes:
            self._log.line(note)
        self._log.line(_held(self._sandbox))
        self._equip(recipe)
        dependencies = Dependencies(
            recipe,
            self.source,
            self._place.aside,
            self.kept,
            self._order.site,
            self._versions,
        )
        if dependencies.restore():
            self._log.line("The dependencies are those of an earlier build: nothing is fetched.")
            return
        self.carry_out(FETCH, recipe, recipe.fetch)
        dependencies.keep()

    def carry_out(self, phase: str, recipe: Recipe, steps: Sequence[Step]) -> None:
        """Run the steps one after the other; raises BuildError at the first that fails."""
        self._log.step(phase)
        self._watcher.report(phase, 0, len(steps))
        environment = self._environment(recipe, self._order.variables.get(phase, {}))
        for number, step in enumerate(steps, start=1):
            self._log.line(f"$ {shlex.join(step.argv)}")
            command = self._command(step, environment)
            if phase == FETCH:
                command = self._dressed(replace(command, network=True))
            status = self._sandbox.run(command, self._order.bounds, self._log.output, self._watcher.cancelled)
            if status:
                raise self._failure(phase, recipe, step, status)
            self._watcher.report(phase, number, len(steps))

    def _equip(self, recipe: Recipe) -> None:
        toolbox = Toolbox(
            self._order.cache / "tools",
            self._sandbox,
            self._log.line,
            self._watcher.cancelled,
            self._order.bounds,
            self._dressed,
        )
        kits = {tool.name: toolbox.get(tool) for tool in recipe.tools}
        self._kits = list(kits.values())
        self._versions = tuple(f"{name} {kit.version}" for name, kit in kits.items())
        toolbox.evict(self._order.keeping.tool_age, self._order.keeping.tools)
        if recipe.python is not None and "python" in kits:
            variables = self._order.variables.get(FETCH, {})
            environments = Environments(toolbox, self.kept, self._order.site, variables)
            self._kits.insert(0, self._python(environments, kits["python"], recipe.python))

    def _python(self, environments: Environments, python: Kit, wanted: PythonPackages) -> Kit:
        try:
            return environments.get(python, wanted, self.source, self._place.python)
        except BuildError as error:
            if advice := self._log.advice():
                raise BuildError(error.code, f"The Python packages could not be installed. {advice}") from error
            raise

    def _dressed(self, command: Command) -> Command:
        """The command with what the operator's registries need."""
        environment = {**command.environment, **self._order.registries}
        return replace(command, environment=environment, readable=(*command.readable, *self._order.readable))

    def _command(self, step: Step, environment: Mapping[str, str]) -> Command:
        return Command(
            argv=step.argv,
            folder=self.source / step.folder,
            environment=environment,
            writable=(self.source, self._place.home),
            readable=tuple(place for kit in self._kits for place in kit.readable),
        )

    def _environment(self, recipe: Recipe, variables: Mapping[str, str]) -> dict[str, str]:
        """Ours, then the tools', then the recipe's, then the site's, which may change all but where things are."""
        path = [str(self.source / place) for place in recipe.path]
        path += [str(place) for kit in self._kits for place in kit.path]
        where = {"PATH": ":".join([*path, SYSTEM_PATH]), "HOME": str(self._place.home)}
        tools = {name: value for kit in self._kits for name, value in kit.environment.items()}
        return {**PLAIN_ENVIRONMENT, **tools, **recipe.environment, **variables, **where}

    def _failure(self, phase: str, recipe: Recipe, step: Step, status: int) -> BuildError:
        command, advice = shlex.join(step.argv), self._log.advice()
        what = "The dependencies could not be fetched" if phase == FETCH else f"{recipe.title} ended with an error"
        if advice:  # before the next: npm ends with the status of what it has called
            return BuildError("build_failed", f"{what}: `{command}` ended with status {status}. {advice}")
        if status in {NOT_FOUND, NOT_EXECUTABLE}:
            detail = f"“{step.argv[0]}” cannot be run: it is not installed for this build, or is no program."
            return BuildError("tool_missing", detail, lines=self._log.recent())
        again = " Trying again helps if the network was the reason." if phase == FETCH else ""
        detail = f"{what}: `{command}` ended with status {status}. The log's last lines say more.{again}"
        return BuildError("build_failed", detail, retry=phase == FETCH, lines=self._log.recent())
