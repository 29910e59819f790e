"""Astro: https://docs.astro.build/en/reference/configuration-reference/"""

from builds.projects.node import NodeGenerator, Output, base_notes
from builds.projects.project import Folder, inner_folder

CONFIGS = tuple(f"astro.config.{extension}" for extension in ("mjs", "js", "ts", "mts", "cjs"))


def output(folder: Folder, config: str) -> Output:
    """`outDir`; with `output: "server"` a site needs a server of its own."""
    settings = folder.javascript(config)
    notes = base_notes(folder, config, "base")
    if settings.strings.get("output") == "server":
        notes += (f'{folder.shown(config)} has output: "server": only pages that are prerendered can be served.',)
    return Output((inner_folder(settings.strings.get("outDir", "")) or "dist",), notes)


ASTRO = NodeGenerator(
    name="astro",
    title="Astro",
    package="astro",
    configs=CONFIGS,
    builds="astro build",
    output=output,
    shown_output="`outDir`, else `dist`",
    beats=("vite",),
).generator()
