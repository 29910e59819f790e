"""What a generator is to detection: how it is recognised and planned; each file in builds/generators/ has one."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from builds.projects.project import Folder
from builds.recipe import Choice, Recipe
from builds.refusals import shown


class Weight(IntEnum):
    """How sure a sign is. Signs of one weight in different generators are a question for the site's owner."""

    POSSIBLE = 1  # a build script of whatever kind
    LIKELY = 2  # it is installed, and nothing says that it is used for this
    SURE = 3  # its own configuration file, or the project's build calls it


@dataclass(frozen=True, slots=True)
class Sign:
    """Why a folder may be a generator's project: `seen` is half a sentence, `package.json has astro`."""

    weight: Weight
    seen: str


@dataclass(frozen=True, slots=True)
class Generator:
    """One generator. `name` is what a site's settings say, `title` what people call it.

    `markers` are the names of files that are worth a look at the folder they are in; `beats` names generators that
    this one is made with, whose signs say nothing more beside its own. `signs`, `command`, `output` and `source` are
    for the help: how it is recognised, what is run, where the site then is, where the program comes from.
    """

    name: str
    title: str
    markers: tuple[str, ...]
    recognise: Callable[[Folder], Sign | None]
    plan: Callable[[Folder, Choice, str], Recipe]  # the last is what was seen, half a sentence
    signs: str
    command: str
    output: str
    source: str
    beats: tuple[str, ...] = ()


def reason(seen: str, title: str, output: str) -> str:
    """The sentence that explains a recipe: `package.json has astro → Astro; output dist/`."""
    made_with = f"{seen} → {title}"
    return f"{made_with}; output {shown(output)}/"
