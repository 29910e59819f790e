"""Zola: https://www.getzola.org/documentation/getting-started/configuration/"""

from builds.projects import parsing
from builds.projects.generator import Generator, Sign, Weight, reason
from builds.projects.project import Folder, inner_folder, joined
from builds.recipe import Choice, Recipe, Step, Tool

CONFIGS = ("zola.toml", "config.toml")
FOLDERS = ("content", "templates", "themes")


def recognise(folder: Folder) -> Sign | None:
    """A configuration with its `base_url`; Hugo spells that `baseURL`."""
    config = folder.first(CONFIGS)
    if not config or not parsing.string(folder.toml(config), "base_url"):
        return None
    if not any(folder.has_folder(name) for name in FOLDERS):
        return None
    return Sign(Weight.SURE, f"{folder.shown(config)} has base_url")


def plan(folder: Folder, choice: Choice, seen: str) -> Recipe:
    """`zola build`."""
    values = folder.toml(folder.first(CONFIGS) or CONFIGS[0])
    output = inner_folder(parsing.string(values, "output_dir")) or "public"
    address = ("--base-url", choice.url) if choice.url else ()
    chosen = choice.versions.get("zola", "")
    return Recipe(
        generator="zola",
        title="Zola",
        base=folder.base,
        why=reason(seen, "Zola", joined(folder.base, output)),
        tools=(Tool("zola", chosen, "the site's settings" if chosen else ""),),
        run=(Step(("zola", "build", *address, *choice.flags), folder.base),),
        output=(output,),
    )


ZOLA = Generator(
    name="zola",
    title="Zola",
    markers=CONFIGS,
    recognise=recognise,
    plan=plan,
    signs="`config.toml` with `base_url`, beside `content/` or `templates/`",
    command="`zola build`",
    output="`output_dir`, else `public`",
    source="the machine only",
)
