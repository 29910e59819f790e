"""Which generator made this? Looks at names, reads a few marker files, and says why; asks where it cannot be sure.

The cost grows with the number of names only: a plain site is recognised without reading any of its files.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from builds.errors import BuildError
from builds.generators import GENERATORS
from builds.generators.npm_script import NPM_SCRIPT, unreadable
from builds.generators.static import INDEXES, STATIC_FILES
from builds.projects import netlify
from builds.projects.generator import Generator, Sign, Weight
from builds.projects.node import PACKAGE
from builds.projects.project import Folder, Project, chosen_folder, joined
from builds.recipe import AUTO, STATIC, Candidate, Choice, Detection, Recipe, SourceTree, Step
from builds.refusals import shown

DEEPEST = 4  # folders above a project's own
MOST_FOLDERS = 30  # looked at, the least deep first
NOT_A_PROJECT = frozenset(
    {"node_modules", "bower_components", "vendor", "third_party", "__pycache__", "site-packages"}
) | {
    *("test", "tests", "__tests__", "spec", "fixtures", "testdata", "e2e", "example", "examples", "exampleSite"),
    *("demo", "demos", "theme", "themes", "template", "templates", "_site"),
}
# Where a site stands in a repository of something else.
USUAL = frozenset(
    {"docs", "doc", "documentation", "site", "website", "web", "www", "app", "frontend", "client", "blog"}
)
GATHERED = frozenset({"apps", "packages", "sites"})
FINISHED = ("dist", "build", "out", "public", "_site", "public_html", "htdocs", "www", "site", "_build/html", "output")
BY_NAME = {generator.name: generator for generator in GENERATORS}


@dataclass(frozen=True, slots=True)
class Finding:
    """A generator that a folder seems to be a project of."""

    generator: Generator
    folder: Folder
    sign: Sign

    @property
    def candidate(self) -> Candidate:
        """The finding as a person is asked about it."""
        return Candidate(self.generator.name, self.generator.title, self.folder.base, self.sign.seen)


def detect(tree: SourceTree, choice: Choice = Choice()) -> Detection:  # noqa: B008 - frozen, so shared by all calls
    """What an upload is. Nothing in the tree makes it raise; a `choice` that cannot be does, as BuildError."""
    project = Project(tree)
    if choice.generator not in {AUTO, *BY_NAME}:
        raise BuildError("unknown_generator", f"There is no generator “{shown(choice.generator)}”; leave it at {AUTO}.")
    base = _chosen_base(project, choice)
    if choice.generator == STATIC:
        return Detection("The site's settings say: plain files.", base=base or "")
    findings = _findings(project, base)
    if choice.generator != AUTO:
        return _as_chosen(project, findings, base, choice)
    return _decided(project, findings, base, choice)


def _chosen_base(project: Project, choice: Choice) -> str | None:
    """The folder that the site's settings or its netlify.toml say; None to look for it."""
    if choice.base is not None:
        base = chosen_folder(choice.base, "base directory")
        if base and not project.has_folder(base):
            raise BuildError("no_base", f"The upload has no folder “{shown(base)}”, which the site's settings name.")
        return base
    said = netlify.read(project.folder("")).base
    return said if said and project.has_folder(said) else None


def _findings(project: Project, base: str | None) -> list[Finding]:
    """Every sign of a generator, the least deep folder first."""
    folders = [base] if base is not None else _marked_folders(project.paths)
    found = [_in_folder(project.folder(folder)) for folder in folders]
    return [finding for findings in found for finding in findings]


def _markers() -> dict[str, tuple[str, ...]]:
    """The last part of every marker, and the folders that stand before it: "" or `config/_default/`."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for generator in GENERATORS:
        if generator is not STATIC_FILES:
            for marker in generator.markers:
                folder, _, name = marker.rpartition("/")
                found[name].add(f"{folder}/" if folder else "")
    return {name: tuple(sorted(folders, reverse=True)) for name, folders in found.items()}


MARKERS = _markers()


def _marked_folders(paths: Iterable[str]) -> list[str]:
    """The top, and the folders in which a marker is, the least deep first."""
    found: set[str] = set()
    for path in paths:
        folder, _, name = path.rpartition("/")
        befores = MARKERS.get(name)
        if befores is None:
            continue
        for before in befores:
            if f"{folder}/".endswith(before) and (not before or f"/{folder}/".endswith(f"/{before}")):
                found.add(f"{folder}/".removesuffix(before).rstrip("/") if before else folder)
    likely = (folder for folder in found if folder and _may_be_a_project(folder))
    return ["", *sorted(likely, key=lambda folder: (folder.count("/"), folder))[:MOST_FOLDERS]]


def _may_be_a_project(folder: str) -> bool:
    return folder.count("/") < DEEPEST and NOT_A_PROJECT.isdisjoint(folder.split("/"))


def _in_folder(folder: Folder) -> list[Finding]:
    """The generators a folder shows signs of, without those that another of them is made with."""
    found = [
        Finding(generator, folder, sign)
        for generator in GENERATORS
        if generator is not STATIC_FILES and any(folder.has(marker) for marker in generator.markers)
        for sign in [generator.recognise(folder)]
        if sign is not None
    ]
    beaten = {name for finding in found if finding.sign.weight > Weight.POSSIBLE for name in finding.generator.beats}
    if any(PACKAGE in finding.generator.markers and finding.generator is not NPM_SCRIPT for finding in found):
        beaten.add(NPM_SCRIPT.name)  # its script is what a generator's own recipe runs
    return [finding for finding in found if finding.generator.name not in beaten]


def _as_chosen(project: Project, findings: list[Finding], base: str | None, choice: Choice) -> Detection:
    """By the generator of the site's settings, in the folder that fits it best."""
    generator = BY_NAME[choice.generator]
    found = [finding for finding in findings if finding.generator is generator]
    if found:
        return _built(max(found, key=lambda finding: finding.sign.weight), choice)
    sign = Sign(Weight.SURE, "The site's settings say so")
    return _built(Finding(generator, project.folder(base or ""), sign), choice)


def _decided(project: Project, findings: list[Finding], base: str | None, choice: Choice) -> Detection:
    """The only reading of the signs, or the question which of several is meant."""
    top = project.folder(base or "")
    findings = findings or _unreadable(top)
    page = STATIC_FILES.recognise(top) if top.first(INDEXES) and findings else None
    if page is not None and page.weight > Weight.POSSIBLE:
        findings = [finding for finding in findings if _outweighs_a_page(finding, top)]
    if not findings:
        return _plain(project, top)
    best = _best(findings, top)
    rivals = [finding.candidate for finding in best]
    if page is not None and page.weight > Weight.POSSIBLE and _is_a_rival(best[0], top):
        rivals.append(_static_candidate(top.base, f"{top.shown(top.first(INDEXES))} looks finished"))
    if len(rivals) == 1:
        detection = _built(best[0], choice)
        finished = _finished_output(best[0], detection)
        if finished is None or choice.base is not None:
            return detection
        rivals.append(finished)
    return Detection(_question(rivals), candidates=tuple(rivals))


def _unreadable(top: Folder) -> list[Finding]:
    """A project that was meant, though it cannot be read how it is built: building it says so."""
    sign = unreadable(top)
    return [Finding(NPM_SCRIPT, top, sign)] if sign else []


def _outweighs_a_page(finding: Finding, top: Folder) -> bool:
    """Whether a sign counts beside a finished index page: libraries that a plain site ships have signs as well."""
    if finding.folder.base == top.base:
        return True
    parts = finding.folder.base.removeprefix(top.base).strip("/").split("/")
    is_usual = parts[0] in USUAL if len(parts) == 1 else parts[0] in GATHERED and len(parts) == 2
    return is_usual and finding.sign.weight is Weight.SURE


def _is_a_rival(finding: Finding, top: Folder) -> bool:
    """Whether a finished page at the top may be what is meant, rather than this."""
    return finding.folder.base != top.base or finding.sign.weight < Weight.SURE


def _best(findings: list[Finding], top: Folder) -> list[Finding]:
    """The findings nothing outweighs: more than one is a question. The top goes before what is in its folders."""
    at_top = [finding for finding in findings if finding.folder.base == top.base]
    surest = max(finding.sign.weight for finding in findings)
    if surest is Weight.POSSIBLE and at_top:
        return at_top
    of_top = [finding for finding in at_top if finding.sign.weight == surest]
    if of_top:
        return of_top
    best = [finding for finding in findings if finding.sign.weight == surest]
    doubtful = [] if _is_workspace(top) else at_top  # what a workspace builds is its members
    return [*doubtful, *best]


def _is_workspace(folder: Folder) -> bool:
    files = ("pnpm-workspace.yaml", "lerna.json", "turbo.json", "nx.json")
    return bool(folder.first(files)) or "workspaces" in folder.json(PACKAGE)


def _plain(project: Project, top: Folder) -> Detection:
    """Plain files, or a folder that holds a finished site and the upload's only pages."""
    publish = netlify.read(top).publish if top.has(netlify.FILE) else ""
    if publish and any(project.has(joined(publish, index)) for index in INDEXES):
        return Detection(f"{top.shown(netlify.FILE)} publishes {shown(publish)}/ → plain files.", base=publish)
    if top.first(INDEXES):
        return Detection(
            f"{top.shown(top.first(INDEXES))} is here, and no sign of a source → plain files.", base=top.base
        )
    holders = [folder for folder in FINISHED if any(top.has(joined(folder, index)) for index in INDEXES)]
    if len(holders) == 1 and all(path.startswith(f"{top.path(holders[0])}/") for path in _pages(top)):
        base = top.path(holders[0])
        return Detection(f"{shown(base)}/ holds the only pages → plain files, from there.", base=base)
    return Detection("There is no sign of a source → plain files.", base=top.base)


def _pages(top: Folder) -> Iterable[str]:
    return (path for path in top.project.below(top.base) if path.endswith((".html", ".htm")))


def _built(finding: Finding, choice: Choice) -> Detection:
    """The recipe of a finding, as the netlify.toml beside it and then the site's settings have it."""
    recipe = finding.generator.plan(finding.folder, choice, finding.sign.seen)
    recipe = _with_netlify(recipe, finding.folder, choice)
    recipe = _with_choice(recipe, choice)
    return Detection(recipe.why, recipe, recipe.base)


def _with_netlify(recipe: Recipe, folder: Folder, choice: Choice) -> Recipe:
    """Variables of every netlify.toml upward, command and output of the nearest that says how to build this folder."""
    for around in folder.upward():
        if not around.has(netlify.FILE):
            continue
        said = netlify.read(around)
        if joined(around.base, said.base) not in {folder.base, ""}:
            continue
        recipe = replace(recipe, environment={**recipe.environment, **said.variables})
        if said.note:
            recipe = replace(recipe, notes=(*recipe.notes, said.note))
        if said.commands and (around.base == folder.base or said.base):
            recipe = replace(recipe, run=_steps(said.commands, folder.base, choice))
        within = _within(joined(around.base, said.publish), folder.base)
        return _published(recipe, within, around.shown(netlify.FILE)) if within else recipe
    return recipe


def _published(recipe: Recipe, publish: str, by: str) -> Recipe:
    """The recipe with the folder that a netlify.toml publishes, unless that is where the generator keeps its own."""
    if publish in recipe.inner and publish not in recipe.output:
        note = (
            f"{by} publishes {shown(publish)}/, where the build keeps what only a server of its own can use: "
            f"the site is taken from {shown(recipe.output[0])}/."
        )
        return replace(recipe, notes=(*recipe.notes, note))
    return _with_output(recipe, (publish, *recipe.output), f"{by} says so")


def _steps(commands: Iterable[tuple[str, ...]], base: str, choice: Choice) -> tuple[Step, ...]:
    *others, last = commands
    flags = ("--", *choice.flags) if choice.flags and last[:2] == ("npm", "run") else choice.flags
    return tuple(Step(command, base) for command in (*others, (*last, *flags)))


def _within(path: str, base: str) -> str:
    """A path from the top, relative to a folder that it is in; empty if it is not inside."""
    if not base:
        return path
    return path[len(base) + 1 :] if path.startswith(f"{base}/") else ""


def _with_choice(recipe: Recipe, choice: Choice) -> Recipe:
    if choice.command:
        recipe = replace(recipe, run=(Step((*choice.command, *choice.flags), recipe.base),))
    if choice.output:
        recipe = _with_output(recipe, (chosen_folder(choice.output, "output folder"),), "the site's settings say so")
    return recipe


def _with_output(recipe: Recipe, output: tuple[str, ...], by: str) -> Recipe:
    why = recipe.why.rpartition("; output ")[0]
    return replace(recipe, output=output, why=f"{why}; output {shown(joined(recipe.base, output[0]))}/, as {by}")


def _finished_output(finding: Finding, detection: Detection) -> Candidate | None:
    """What the project was built into before, where that was uploaded with it."""
    folder = finding.folder
    for output in detection.recipe.output[:1] if detection.recipe else ():
        index = folder.first(tuple(joined(output, index) for index in INDEXES))
        if index and STATIC_FILES.recognise(folder.project.folder(folder.path(output))) is not None:
            return _static_candidate(folder.path(output), f"{folder.shown(output)}/ holds a site that was built before")
    return None


def _static_candidate(base: str, why: str) -> Candidate:
    return Candidate(STATIC, STATIC_FILES.title, base, why)


def _question(candidates: list[Candidate]) -> str:
    named = [_named(one) for one in candidates[:5]]
    these, more = ", or ".join(named), len(candidates) - len(named)
    return f"This may be {these}, and {more} more: which is it?" if more else f"This may be {these}: which is it?"


def _named(one: Candidate) -> str:
    return f"{one.title} in {shown(one.base)}/ ({one.why})" if one.base else f"{one.title} ({one.why})"
