"""npm with a build script: any project whose package.json says how it is built."""

from builds.projects import parsing
from builds.projects.generator import Generator, Sign, Weight, reason
from builds.projects.node import PACKAGE, SOURCE, NodeProject
from builds.projects.project import MOST_JSON, Folder, joined
from builds.recipe import Choice, Recipe

# Where build tools put a site unless told otherwise; the first that holds a page once the script has run.
OUTPUTS = ("dist", "build", "out", "_site", ".output/public", "www", "public")
BUILDERS = {"react-scripts": "build", "nuxt": ".output/public"}


def recognise(folder: Folder) -> Sign | None:
    """A script named build."""
    if "build" not in NodeProject(folder).scripts:
        return None
    return Sign(Weight.POSSIBLE, f"{folder.shown(PACKAGE)} has a build script")


def unreadable(folder: Folder) -> Sign | None:
    """A package.json that npm will not read either: what it was meant to say is not known."""
    line = folder.project.parsed(folder.path(PACKAGE), parsing.json_fault, MOST_JSON)
    return Sign(Weight.POSSIBLE, f"{folder.shown(PACKAGE)} is not valid JSON in line {line}") if line else None


def plan(folder: Folder, choice: Choice, seen: str) -> Recipe:
    """`npm run build`."""
    project = NodeProject(folder)
    first = [output for package, output in BUILDERS.items() if package in project.dependencies]
    outputs = tuple(dict.fromkeys((*first, *OUTPUTS)))
    script = "generate" if "nuxt" in project.dependencies and "generate" in project.scripts else "build"
    recipe = Recipe(
        generator="npm",
        title="npm with a build script",
        base=folder.base,
        why=reason(seen, "npm with a build script", joined(folder.base, outputs[0])),
        run=(project.run(script, choice),),
        output=outputs,
    )
    return project.prepared(recipe, choice)


NPM_SCRIPT = Generator(
    name="npm",
    title="npm with a build script",
    markers=(PACKAGE,),
    recognise=recognise,
    plan=plan,
    signs="package.json with a `build` script, and no sign of another generator",
    command="`npm run build` (or pnpm, yarn, bun)",
    output="the first of " + ", ".join(f"`{output}`" for output in OUTPUTS) + " that holds a page",
    source=SOURCE,
)
