"""Plain static files: nothing is run, and what was uploaded is the site."""

import re

from builds.projects.generator import Generator, Sign, Weight
from builds.projects.project import Folder
from builds.recipe import STATIC, Choice, Recipe

INDEXES = ("index.html", "index.htm")
HEAD = 64 * 1024  # bytes of a page that are looked at
# What only a source has: front matter, a template's tags, a script that is compiled first.
UNFINISHED = re.compile(
    r"\A\s*---\s*$|\{%-?\s*(?:include|layout|extends|for|if|block)\b|<script[^>]{1,200}\bsrc=[\"']/?(?:\./)?src/"
    r"|<script[^>]{1,200}\.(?:tsx?|jsx|vue|svelte)[\"']|%sveltekit\.|<%[-=]",
    re.MULTILINE,
)


def recognise(folder: Folder) -> Sign | None:
    """An index page that is ready to be served."""
    index = folder.first(INDEXES)
    if not index:
        return None
    weight = Weight.POSSIBLE if UNFINISHED.search(folder.text(index, 8 * HEAD)[:HEAD]) else Weight.LIKELY
    return Sign(weight, f"{folder.shown(index)} is a page")


def plan(_folder: Folder, _choice: Choice, _seen: str) -> Recipe:
    """Nothing is built: detection answers with plain files instead of asking for a recipe."""
    raise AssertionError("plain files have no recipe")


STATIC_FILES = Generator(
    name=STATIC,
    title="Plain static files",
    markers=INDEXES,
    recognise=recognise,
    plan=plan,
    signs="`index.html`, and no sign of a source beside it; or a `dist/` that holds the only pages",
    command="nothing",
    output="the upload itself",
    source="nothing is needed",
)
