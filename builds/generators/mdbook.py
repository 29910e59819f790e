"""mdBook: https://rust-lang.github.io/mdBook/format/configuration/"""

from builds.projects import parsing
from builds.projects.generator import Generator, Sign, Weight, reason
from builds.projects.project import Folder, inner_folder, joined
from builds.recipe import Choice, Recipe, Step, Tool

CONFIG = "book.toml"


def recognise(folder: Folder) -> Sign | None:
    """Its configuration."""
    return Sign(Weight.SURE, f"{folder.shown(CONFIG)} is here") if folder.has(CONFIG) else None


def plan(folder: Folder, choice: Choice, seen: str) -> Recipe:
    """`mdbook build`. With several renderers each has a folder of its own, and `html` is the site."""
    values = folder.toml(CONFIG)
    output = inner_folder(parsing.string(values, "build", "build-dir")) or "book"
    chosen = choice.versions.get("mdbook", "")
    return Recipe(
        generator="mdbook",
        title="mdBook",
        base=folder.base,
        why=reason(seen, "mdBook", joined(folder.base, output)),
        tools=(Tool("mdbook", chosen, "the site's settings" if chosen else ""),),
        run=(Step(("mdbook", "build", *choice.flags), folder.base),),
        output=(f"{output}/html", output) if len(parsing.table(values, "output")) > 1 else (output,),
        environment={"MDBOOK_OUTPUT__HTML__SITE_URL": "/"},  # its 404 page takes its styles from there
    )


MDBOOK = Generator(
    name="mdbook",
    title="mdBook",
    markers=(CONFIG,),
    recognise=recognise,
    plan=plan,
    signs="`book.toml`",
    command="`mdbook build`",
    output="`build.build-dir`, else `book`",
    source="the machine, else PyPI",
)
