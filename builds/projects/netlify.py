"""What a `netlify.toml` says of the build: command, folders, variables. Its rules are the server's to read."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from builds.projects import parsing
from builds.projects.project import Folder, inner_folder
from builds.recipe import Argv

FILE = "netlify.toml"
SHELL = re.compile(r"[|;<>`$(){}*?\[\]~\n\\]|(?<!&)&(?!&)")
LONGEST = 2000  # characters of a command
NAME = re.compile(r"[A-Z][A-Z0-9_]{0,60}")
# Ours to set, or a way to have code run by programs that fetch: https://docs.netlify.com names none of these.
OURS = re.compile(r"PATH|HOME|TMPDIR|LD_.*|.*_OPTIONS|PYTHON(?!_VERSION).*|(?:NPM|YARN|PIP|BUNDLE|GEM|GIT|SSH)_.*")
# What a command may begin with that only fetches: Dropdock has done it before, with the network.
FETCHES = (("npm", "ci"), ("npm", "install"), ("npm", "i"), ("pnpm", "install"), ("pnpm", "i"), ("yarn", "install"))
FETCHES_TOO = (("bun", "install"), ("pip", "install"), ("pip3", "install"), ("bundle", "install"))


@dataclass(frozen=True, slots=True)
class Netlify:
    """The `[build]` table, with what `[context.production]` changes in it.

    `commands` are the commands in turn; empty where there is none or where only a shell could run it, and then `note`
    says so. `publish` is relative to the top of the tree.
    """

    commands: tuple[Argv, ...] = ()
    publish: str = ""
    base: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def read(folder: Folder) -> Netlify:
    """What the folder's `netlify.toml` says; all empty without one."""
    values = folder.toml(FILE)
    production = parsing.table(values, "context", "production")
    build = {**parsing.table(values, "build"), **production}
    base = inner_folder(parsing.string(build, "base"))
    publish = inner_folder(parsing.string(build, "publish"))
    commands, note = _commands(parsing.string(build, "command"))
    declared = {
        **parsing.table(values, "build", "environment"),
        **parsing.table(production, "environment"),
    }
    variables = {name: value for name, value in declared.items() if isinstance(value, str) and _is_passed_on(name)}
    return Netlify(commands, f"{base}/{publish}".strip("/") if publish else "", base, variables, note)


def _is_passed_on(name: str) -> bool:
    return NAME.fullmatch(name) is not None and OURS.fullmatch(name) is None


def _commands(text: str) -> tuple[tuple[Argv, ...], str]:
    """A command line as argument vectors, `a && b` as two; none of them, and why, where it needs a shell."""
    if not text:
        return (), ""
    ignored = f"{FILE} has a build command that only a shell could run, which Dropdock never uses: it is not obeyed."
    if len(text) > LONGEST or SHELL.search(text):
        return (), ignored
    try:
        commands = [tuple(shlex.split(part)) for part in text.split("&&")]
    except ValueError:
        return (), ignored
    kept = tuple(command for command in commands if command and command[:2] not in FETCHES + FETCHES_TOO)
    return kept, ""
