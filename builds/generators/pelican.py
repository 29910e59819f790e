"""Pelican: https://docs.getpelican.com/en/latest/settings.html"""

from builds.projects import python
from builds.projects.generator import Generator, Sign, Weight, reason
from builds.projects.project import Folder, inner_folder, joined
from builds.recipe import Choice, Recipe, Step

CONFIG, PUBLISHED = "pelicanconf.py", "publishconf.py"


def recognise(folder: Folder) -> Sign | None:
    """Its configuration."""
    return Sign(Weight.SURE, f"{folder.shown(CONFIG)} is here") if folder.has(CONFIG) else None


def plan(folder: Folder, choice: Choice, seen: str) -> Recipe:
    """`pelican`, with the settings for publishing where there are any."""
    config = folder.first((PUBLISHED, CONFIG)) or CONFIG
    settings = {**folder.python(CONFIG), **folder.python(config)}
    output = inner_folder(settings.get("OUTPUT_PATH", "")) or "output"
    content = inner_folder(settings.get("PATH", "")) or "content"
    packages = python.packages(folder, choice, "pelican[markdown]")
    address = ("--extra-settings", f'SITEURL="{choice.url}"') if choice.url else ()
    return Recipe(
        generator="pelican",
        title="Pelican",
        base=folder.base,
        why=reason(seen, "Pelican", joined(folder.base, output)),
        tools=(python.python(folder, choice),),
        python=packages,
        run=(Step(("pelican", content, "-o", output, "-s", config, *address, *choice.flags), folder.base),),
        output=(output,),
        environment=python.SAFE,
        lock=python.lock(packages),
    )


PELICAN = Generator(
    name="pelican",
    title="Pelican",
    markers=(CONFIG,),
    recognise=recognise,
    plan=plan,
    signs="`pelicanconf.py`",
    command="`pelican content`, with `publishconf.py` where there is one",
    output="`OUTPUT_PATH`, else `output`",
    source=python.SOURCE,
)
