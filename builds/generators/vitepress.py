"""VitePress: https://vitepress.dev/reference/site-config"""

from builds.projects.generator import Weight
from builds.projects.node import PACKAGE, NodeGenerator, Output, base_notes
from builds.projects.project import Folder, inner_folder, joined
from builds.recipe import Argv

HIDDEN = ".vitepress"
CONFIGS = tuple(f"{HIDDEN}/config.{extension}" for extension in ("mts", "ts", "js", "mjs", "cts"))
LOOKED_AT = 2000  # files; the pages of a project that has more stand beside them


def pages(folder: Folder) -> str | None:
    """The folder with the pages, relative: where `.vitepress/` is; None where it is nowhere near."""
    for name in ("", "docs", "doc", "website", "site", "src"):
        if folder.first(tuple(joined(name, config) for config in CONFIGS)):
            return name
    for _, path in zip(range(LOOKED_AT), folder.below(), strict=False):
        name = path.partition(f"{HIDDEN}/config.")[0]
        if name != path and name.count("/") <= 2 and not folder.has(joined(name.rstrip("/"), PACKAGE)):
            return name.rstrip("/")
    return None


def output(folder: Folder, _config: str) -> Output:
    """`outDir`, else `.vitepress/dist`; both beside the pages."""
    base = pages(folder) or ""
    config = folder.first(tuple(joined(base, name) for name in CONFIGS))
    said = folder.javascript(config).strings.get("outDir", "")
    notes = base_notes(folder, config, "base")
    if said.startswith("../") and base:
        return Output((joined(base.rpartition("/")[0], inner_folder(said[3:])),), notes)
    return Output((joined(base, inner_folder(said) or f"{HIDDEN}/dist"),), notes)


def command(folder: Folder) -> Argv:
    """`vitepress build`, in the folder with the pages."""
    base = pages(folder)
    return ("vitepress", "build", *((base,) if base else ()))


def weigh(folder: Folder, weight: Weight) -> Weight:
    """Its configuration may be one folder further down."""
    return weight if pages(folder) is None else Weight.SURE


VITEPRESS = NodeGenerator(
    name="vitepress",
    title="VitePress",
    package="vitepress",
    configs=CONFIGS,
    builds="vitepress build",
    output=output,
    shown_output="`outDir`, else `.vitepress/dist` beside the pages",
    command=command,
    beats=("vite",),
    weigh=weigh,
).generator()
