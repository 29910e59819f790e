"""MkDocs, with Material or another theme: https://www.mkdocs.org/user-guide/configuration/"""

from builds.projects import parsing, python
from builds.projects.generator import Generator, Sign, Weight, reason
from builds.projects.project import Folder, astray, inner_folder, joined
from builds.recipe import Choice, Recipe, Step

CONFIGS = ("mkdocs.yml", "mkdocs.yaml")
BUILT_IN = frozenset({"", "mkdocs", "readthedocs", "search"})
# Names of plugins and themes that do not say their package; used only where the project lists no requirements.
PACKAGES = {
    "material": "mkdocs-material",
    "awesome-pages": "mkdocs-awesome-pages-plugin",
    "git-revision-date-localized": "mkdocs-git-revision-date-localized-plugin",
    "minify": "mkdocs-minify-plugin",
    "macros": "mkdocs-macros-plugin",
    "redirects": "mkdocs-redirects",
    "mkdocstrings": "mkdocstrings[python]",
    "autorefs": "mkdocs-autorefs",
    "glightbox": "mkdocs-glightbox",
    "literate-nav": "mkdocs-literate-nav",
    "section-index": "mkdocs-section-index",
    "gen-files": "mkdocs-gen-files",
    "include-markdown": "mkdocs-include-markdown-plugin",
    "rss": "mkdocs-rss-plugin",
    "exclude": "mkdocs-exclude",
    "mermaid2": "mkdocs-mermaid2-plugin",
}
MATERIALS_OWN = frozenset(
    {"blog", "tags", "social", "privacy", "offline", "meta", "info", "group", "optimize", "typeset"}
)


def recognise(folder: Folder) -> Sign | None:
    """Its configuration."""
    config = folder.first(CONFIGS)
    return Sign(Weight.SURE, f"{folder.shown(config)} is here") if config else None


def plan(folder: Folder, choice: Choice, seen: str) -> Recipe:
    """`mkdocs build`, with the packages that the requirements, or else the configuration, name."""
    config = folder.first(CONFIGS) or CONFIGS[0]
    values = folder.yaml(config)
    own, notes = _packages(folder, values)
    packages = python.packages(folder, choice, *own, with_project="mkdocstrings[python]" in own)
    said = parsing.string(values, "site_dir")
    output = inner_folder(said) or "site"
    title = "MkDocs with Material" if _theme(values) == "material" else "MkDocs"
    return Recipe(
        generator="mkdocs",
        title=title,
        base=folder.base,
        why=reason(seen, title, joined(folder.base, output)),
        tools=(python.python(folder, choice),),
        python=packages,
        run=(Step(("mkdocs", "build", "--config-file", config, *choice.flags), folder.base),),
        output=(output,),
        environment=python.SAFE,
        lock=python.lock(packages),
        notes=notes,
        astray=astray(folder.shown(config), "site_dir", said, "site"),
    )


def _packages(folder: Folder, values: parsing.Values) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The packages to install beside the project's own requirements, and a note on plugins nobody knows."""
    if "mkdocs" in python.named(folder) or "mkdocs-material" in python.named(folder):
        return ("mkdocs",), ()
    theme = _theme(values)
    wanted = [theme, *parsing.strings(values, "plugins")]
    if theme == "material":
        wanted = [name for name in wanted if name.removeprefix("material/") not in MATERIALS_OWN]
    unknown = sorted(set(wanted) - PACKAGES.keys() - BUILT_IN)
    known = tuple(dict.fromkeys(PACKAGES[name] for name in wanted if name in PACKAGES))
    if not unknown or python.named(folder):
        return ("mkdocs", *known), ()
    return ("mkdocs", *known), (f"List the packages of {', '.join(unknown)[:200]} in a requirements.txt.",)


def _theme(values: parsing.Values) -> str:
    return parsing.string(values, "theme", "name") or parsing.string(values, "theme")


MKDOCS = Generator(
    name="mkdocs",
    title="MkDocs",
    markers=CONFIGS,
    recognise=recognise,
    plan=plan,
    signs="`mkdocs.yml`; Material where it is the theme",
    command="`mkdocs build`",
    output="`site_dir`, else `site`",
    source=python.SOURCE,
)
