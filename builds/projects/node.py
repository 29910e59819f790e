"""Projects with a `package.json`: their package manager, scripts, version of Node, and generators built on them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from builds.projects import netlify, parsing
from builds.projects.generator import Generator, Sign, Weight, reason
from builds.projects.project import Folder, joined
from builds.recipe import Argv, Choice, Recipe, Step, Tool
from builds.refusals import shown
from builds.versions import fits, spans

PACKAGE = "package.json"
DEPENDENCIES = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
DEFAULT_NODE = ">=22.12"  # what the generators of today ask for, where a project says nothing
# https://nodejs.org/about/previous-releases: the code names of long-term releases, as `.nvmrc` may have them
CODE_NAMES = {"hydrogen": "18", "iron": "20", "jod": "22", "krypton": "24"}
NEWEST = frozenset({"lts/*", "lts", "node", "latest", "current", "stable"})  # words for whatever is the newest
QUIET = {
    "CI": "true",
    "DO_NOT_TRACK": "1",
    "ASTRO_TELEMETRY_DISABLED": "1",
    "GATSBY_TELEMETRY_DISABLED": "1",
    "NEXT_TELEMETRY_DISABLED": "1",
    "npm_config_fund": "false",
    "npm_config_audit": "false",
    "npm_config_update_notifier": "false",
}
ENDLESS = re.compile(
    r"--(?:serve|watch)\b|\b(?:dev|serve|preview)\b"
)  # a script that waits for its author's next change
NOT_A_BUILD = re.compile(r"(?:dev|start|serve|watch|preview|deploy|clean|debug|test|pre|post)\b")
SOURCE = "npm"


@dataclass(frozen=True, slots=True)
class Manager:
    """A package manager: the lock files that mean it, how it installs from one and without, how it passes flags.

    Installing never runs the packages' own scripts: these run afterwards, without the network, where they may.
    """

    name: str
    locks: tuple[str, ...]
    frozen: Argv
    loose: Argv
    without_scripts: Argv = ("--ignore-scripts",)
    scripts: Argv = ("npm", "rebuild")
    tool: str = ""  # its name in the toolbox, where that is another
    environment: Mapping[str, str] = field(default_factory=dict)
    fills_node_modules: bool = True  # and nothing else, so that what it brought can be kept
    before_flags: Argv = ()


MANAGERS = (
    Manager(
        "pnpm",
        ("pnpm-lock.yaml",),
        ("pnpm", "install", "--frozen-lockfile"),
        ("pnpm", "install"),
        scripts=("pnpm", "rebuild"),
    ),
    Manager("yarn", ("yarn.lock",), ("yarn", "install", "--frozen-lockfile"), ("yarn", "install")),
    Manager("bun", ("bun.lock", "bun.lockb"), ("bun", "install", "--frozen-lockfile"), ("bun", "install")),
    Manager(
        "npm", ("package-lock.json", "npm-shrinkwrap.json"), ("npm", "ci"), ("npm", "install"), before_flags=("--",)
    ),
)
NPM = MANAGERS[-1]
# Yarn from its second version on, another program under the same name: https://yarnpkg.com/configuration/yarnrc
MODERN_YARN = Manager(
    "yarn",
    (),
    ("yarn", "install", "--immutable"),
    ("yarn", "install", "--no-immutable"),
    ("--mode=skip-build",),
    ("yarn", "rebuild"),
    tool="yarn-modern",
    # It would run the release of itself that a project may bring, and report how it is used.
    environment={"YARN_IGNORE_PATH": "1", "YARN_ENABLE_TELEMETRY": "0"},
    fills_node_modules=False,
)


class NodeProject:
    """A folder with a `package.json`, and what is around it in a workspace."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.package = folder.json(PACKAGE)

    @cached_property
    def dependencies(self) -> frozenset[str]:
        """The packages it names, of whatever kind."""
        return frozenset(name for kind in DEPENDENCIES for name in parsing.strings(self.package, kind))

    @cached_property
    def scripts(self) -> dict[str, str]:
        """Its scripts, by name."""
        scripts = parsing.table(self.package, "scripts")
        return {name: text for name, text in scripts.items() if isinstance(text, str)}

    def script_with(self, command: str) -> str:
        """The script that calls a command and ends, `build` rather than another; empty without any."""
        words = r"\s+".join(re.escape(word) for word in command.split())
        calls = re.compile(rf"(?<![\w./@-]){words}(?![\w./-])")
        names = sorted(self.scripts, key=lambda name: (name != "build", name))
        ending = (name for name in names if not (ENDLESS.search(self.scripts[name]) or NOT_A_BUILD.match(name)))
        return next((name for name in ending if calls.search(self.scripts[name])), "")

    @cached_property
    def home(self) -> Folder:
        """Where packages are installed: the nearest folder upward with a lock file, without any this one."""
        for folder in self.folder.upward():
            if folder.has(PACKAGE) and folder.first(ALL_LOCKS):
                return folder
        return self.folder

    @cached_property
    def lock(self) -> str:
        """Its lock file's name in `home`, of the manager it uses; empty without one."""
        return self.home.first(self.manager.locks or ("yarn.lock",))

    @cached_property
    def manager(self) -> Manager:
        """Its package manager: by `packageManager` in package.json, else by the lock file, else npm."""
        named = parsing.string(self.home.json(PACKAGE), "packageManager").partition("@")[0]
        by_name = next((manager for manager in MANAGERS if manager.name == named), None)
        found = by_name or next((one for one in MANAGERS if self.home.first(one.locks)), NPM)
        is_modern = self.home.has(".yarnrc.yml") or fits(self._named_version, ">=2")
        return MODERN_YARN if found.name == "yarn" and is_modern else found

    def tools(self, choice: Choice) -> tuple[Tool, ...]:
        """Node in the version it asks for, and its package manager where that is not npm."""
        tools = [self._node(choice)]
        if self.manager.name != "npm":
            version = self._named_version
            tools.append(Tool(self.manager.tool or self.manager.name, version, PACKAGE if version else ""))
        return tuple(tools)

    @property
    def install(self) -> Step:
        """The command that installs its packages."""
        command = self.manager.frozen if self.lock else self.manager.loose
        return Step(command + self.manager.without_scripts, self.home.base)

    def run(self, script: str, choice: Choice) -> Step:
        """The command that runs one of its scripts, with the site's flags."""
        flags = (*self.manager.before_flags, *choice.flags) if choice.flags else ()
        return Step((self.manager.name, "run", script, *flags), self.folder.base)

    @cached_property
    def binaries(self) -> tuple[str, ...]:
        """The folders in which packages have put their commands, the nearest first."""
        return tuple(joined(folder.base, "node_modules/.bin") for folder in self.folder.upward() if folder.has(PACKAGE))

    def prepared(self, recipe: Recipe, choice: Choice) -> Recipe:
        """The recipe with all that an installed package.json needs beside the generator's own."""
        folders = tuple(joined(base, "node_modules") for base in dict.fromkeys((self.home.base, self.folder.base)))
        lock = (self.home.path(self.lock),) if self.lock else ()
        return replace(
            recipe,
            fetch=(self.install, *recipe.fetch),
            run=(*((Step(self.manager.scripts, self.home.base),) if choice.install_scripts else ()), *recipe.run),
            tools=(*self.tools(choice), *recipe.tools),
            environment={**QUIET, **self.manager.environment, **recipe.environment},
            notes=(*self._unread(choice), *recipe.notes),
            path=(*self.binaries, *recipe.path),
            lock=(*lock, *recipe.lock),
            keeps=(*(folders if lock and self.manager.fills_node_modules else ()), *recipe.keeps),
        )

    def _node(self, choice: Choice) -> Tool:
        chosen = choice.versions.get("node", "")
        if chosen:
            return Tool("node", chosen, "the site's settings")
        said = next(((version, by) for version, by in self._said if spans(version)), None)
        return Tool("node", *said) if said else Tool("node", DEFAULT_NODE)

    @cached_property
    def _said(self) -> list[tuple[str, str]]:
        """The versions of Node that are asked for, with who asks, in the order in which they count."""
        declared = ((folder, *one) for folder in self.folder.upward() for one in _declared(folder))
        return [
            (CODE_NAMES.get(version.lower().removeprefix("lts/"), version), folder.shown(by))
            for folder, by, version in declared
            if version and version.lower() not in NEWEST
        ]

    def _unread(self, choice: Choice) -> tuple[str, ...]:
        """A note of what is asked for first, where that is no version."""
        if choice.versions.get("node") or not self._said or spans(self._said[0][0]):
            return ()
        version, by = self._said[0]
        return (f"{by} asks for Node.js “{shown(version)}”, which is no version: it is not obeyed.",)

    @property
    def _named_version(self) -> str:
        """The version in `packageManager`; empty without, and where that is a package manager nobody knows here."""
        name, _, version = parsing.string(self.home.json(PACKAGE), "packageManager").partition("@")
        return version.partition("+")[0] if name in {manager.name for manager in MANAGERS} else ""


ALL_LOCKS = tuple(lock for manager in MANAGERS for lock in manager.locks)


def _declared(folder: Folder) -> list[tuple[str, str]]:
    """Who says which version of Node, in this order."""
    package = folder.json(PACKAGE)
    return [
        (netlify.FILE, netlify.read(folder).variables.get("NODE_VERSION", "")),
        (".nvmrc", folder.line(".nvmrc")),
        (".node-version", folder.line(".node-version")),
        (PACKAGE, parsing.string(package, "volta", "node")),
        (PACKAGE, parsing.string(package, "engines", "node")),
    ]


@dataclass(frozen=True, slots=True)
class Output:
    """Where a generator puts the site, relative to the package's folder, and what its author should know."""

    folders: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeGenerator:
    """What tells one generator on npm from another; `generator()` makes the rest of it.

    `package` is what package.json has, `configs` its own configuration files, `builds` what a script that builds with
    it calls, `command` what is run where no script does. `output` reads where the site goes from the folder and the
    name of the configuration there. `weigh` changes how sure the sign is. `inner` is as in Recipe.
    """

    name: str
    title: str
    package: str
    configs: tuple[str, ...]
    builds: str
    output: Callable[[Folder, str], Output]
    shown_output: str
    command: Callable[[Folder], Argv] | None = None
    beats: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    weigh: Callable[[Folder, Weight], Weight] = lambda _folder, weight: weight

    def generator(self) -> Generator:
        """The generator as the list has it."""
        return Generator(
            name=self.name,
            title=self.title,
            markers=(PACKAGE,),
            recognise=self._recognise,
            plan=self._plan,
            signs=f"`{self.package}` in package.json",
            command=f"its script with `{self.builds}`, or that",
            output=self.shown_output,
            source=SOURCE,
            beats=self.beats,
        )

    def _recognise(self, folder: Folder) -> Sign | None:
        project = NodeProject(folder)
        if self.package not in project.dependencies:
            return None
        used = folder.first(self.configs) or project.script_with(self.builds)
        weight = self.weigh(folder, Weight.SURE if used else Weight.LIKELY)
        return Sign(weight, f"{folder.shown(PACKAGE)} has {self.package}")

    def _plan(self, folder: Folder, choice: Choice, seen: str) -> Recipe:
        project = NodeProject(folder)
        output = self.output(folder, folder.first(self.configs))
        script = project.script_with(self.builds) or ("build" if "build" in project.scripts else "")
        command = self.command(folder) if self.command else tuple(self.builds.split())
        direct = Step((*command, *choice.flags), folder.base)
        recipe = Recipe(
            generator=self.name,
            title=self.title,
            base=folder.base,
            why=reason(seen, self.title, joined(folder.base, output.folders[0])),
            run=(project.run(script, choice) if script else direct,),
            output=output.folders,
            notes=output.notes,
            inner=self.inner,
        )
        return project.prepared(recipe, choice)


def base_notes(folder: Folder, config: str, key: str) -> tuple[str, ...]:
    """A note where the configuration puts the site into a folder of a host: here it has a host of its own."""
    said = folder.javascript(config).strings.get(key, "")
    if not said.startswith("/") or said == "/":
        return ()
    return (f"{folder.shown(config)} sets {key} to {shown(said)}: pages will look for their files there, not at /.",)
