"""Zensical, Material's successor: https://zensical.org/docs/"""

from builds.projects import parsing, python
from builds.projects.generator import Generator, Sign, Weight, reason
from builds.projects.project import Folder, astray, inner_folder, joined
from builds.recipe import Choice, Recipe, Step

OWN = "zensical.toml"
SHARED = ("mkdocs.yml", "mkdocs.yaml")  # it reads MkDocs' configuration too


def recognise(folder: Folder) -> Sign | None:
    """Its own configuration, or MkDocs' where the requirements name Zensical and not MkDocs."""
    if folder.has(OWN):
        return Sign(Weight.SURE, f"{folder.shown(OWN)} is here")
    config = folder.first(SHARED)
    names = python.named(folder) if config else frozenset()
    if "zensical" in names and not {"mkdocs", "mkdocs-material"} & names:
        return Sign(Weight.SURE, f"{folder.shown(config)} is here and the requirements name zensical")
    return None


def plan(folder: Folder, choice: Choice, seen: str) -> Recipe:
    """`zensical build`."""
    config = folder.first((OWN, *SHARED)) or OWN
    values = parsing.table(folder.toml(OWN), "project") if config == OWN else folder.yaml(config)
    said = parsing.string(values, "site_dir")
    output = inner_folder(said) or "site"
    packages = python.packages(folder, choice, "zensical")
    return Recipe(
        generator="zensical",
        title="Zensical",
        base=folder.base,
        why=reason(seen, "Zensical", joined(folder.base, output)),
        tools=(python.python(folder, choice),),
        python=packages,
        run=(Step(("zensical", "build", "--config-file", config, *choice.flags), folder.base),),
        output=(output,),
        environment=python.SAFE,
        lock=python.lock(packages),
        astray=astray(folder.shown(config), "site_dir", said, "site"),
    )


ZENSICAL = Generator(
    name="zensical",
    title="Zensical",
    markers=(OWN, *SHARED),
    recognise=recognise,
    plan=plan,
    signs="`zensical.toml`, or `mkdocs.yml` where the requirements name zensical",
    command="`zensical build`",
    output="`site_dir`, else `site`",
    source=python.SOURCE,
    beats=("mkdocs",),
)
