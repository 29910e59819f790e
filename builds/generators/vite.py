"""Vite: https://vite.dev/config/"""

from builds.projects.generator import Weight
from builds.projects.node import NodeGenerator, NodeProject, Output, base_notes
from builds.projects.project import Folder, inner_folder, joined

CONFIGS = tuple(f"vite.config.{extension}" for extension in ("js", "ts", "mjs", "mts", "cjs", "cts"))


def output(folder: Folder, config: str) -> Output:
    """`build.outDir`, which is relative to `root`."""
    settings = folder.javascript(config)
    root, said = inner_folder(settings.strings.get("root", "")), settings.strings.get("build.outDir", "")
    notes = base_notes(folder, config, "base")
    if "build.outDir" in settings.other:
        notes += (f"{folder.shown(config)} computes build.outDir: say which folder it is if not dist/.",)
    if root and said.startswith("../"):
        return Output((inner_folder(said.removeprefix("../")) or "dist",), notes)
    return Output((joined(root, inner_folder(said) or "dist"),), notes)


def weigh(folder: Folder, weight: Weight) -> Weight:
    """Without a page to begin with it makes a library, or only tests one."""
    root = inner_folder(folder.javascript(folder.first(CONFIGS)).strings.get("root", ""))
    has_page = folder.has(joined(root, "index.html"))
    is_built = "build" in NodeProject(folder).scripts
    if has_page and weight is Weight.SURE:
        return weight
    return min(weight, Weight.LIKELY if has_page or (is_built and root) else Weight.POSSIBLE)


VITE = NodeGenerator(
    name="vite",
    title="Vite",
    package="vite",
    configs=CONFIGS,
    builds="vite build",
    output=output,
    shown_output="`build.outDir`, else `dist`",
    weigh=weigh,
).generator()
