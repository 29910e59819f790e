"""Nikola: https://getnikola.com/handbook.html"""

from builds.projects import python
from builds.projects.generator import Generator, Sign, Weight, reason
from builds.projects.project import Folder, inner_folder, joined
from builds.recipe import Choice, Recipe, Step

CONFIG = "conf.py"
NAMES = ("BLOG_TITLE", "COMPILERS", "NAVIGATION_LINKS", "BLOG_AUTHOR", "POSTS", "PAGES", "DEFAULT_LANG")


def recognise(folder: Folder) -> Sign | None:
    """A `conf.py` with Nikola's names, which Sphinx's has not."""
    assigned = folder.python(CONFIG)
    names = [name for name in NAMES if name in assigned]
    return Sign(Weight.SURE, f"{folder.shown(CONFIG)} has {names[0]}") if len(names) > 1 else None


def plan(folder: Folder, choice: Choice, seen: str) -> Recipe:
    """`nikola build`; the address it writes into pages is its `SITE_URL`, which only its configuration can set."""
    output = inner_folder(folder.python(CONFIG).get("OUTPUT_FOLDER", "")) or "output"
    packages = python.packages(folder, choice, "nikola")
    return Recipe(
        generator="nikola",
        title="Nikola",
        base=folder.base,
        why=reason(seen, "Nikola", joined(folder.base, output)),
        tools=(python.python(folder, choice),),
        python=packages,
        run=(Step(("nikola", "build", *choice.flags), folder.base),),
        output=(output,),
        environment=python.SAFE,
        lock=python.lock(packages),
    )


NIKOLA = Generator(
    name="nikola",
    title="Nikola",
    markers=(CONFIG,),
    recognise=recognise,
    plan=plan,
    signs="`conf.py` with Nikola's names",
    command="`nikola build`",
    output="`OUTPUT_FOLDER`, else `output`",
    source=python.SOURCE,
)
