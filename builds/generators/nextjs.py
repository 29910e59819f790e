"""Next.js, exported: https://nextjs.org/docs/app/guides/static-exports"""

from builds.projects.node import NodeGenerator, Output, base_notes
from builds.projects.project import Folder, inner_folder

CONFIGS = tuple(f"next.config.{extension}" for extension in ("js", "mjs", "ts", "cjs", "mts"))


def output(folder: Folder, config: str) -> Output:
    """`out`, or `distDir`, which replaces it in an export."""
    settings = folder.javascript(config)
    notes = base_notes(folder, config, "basePath")
    if settings.strings.get("output") != "export":
        where = folder.shown(config or CONFIGS[0])
        notes += (f'Only an export can be served as files: {where} needs output: "export".',)
    said = inner_folder(settings.strings.get("distDir", ""))
    return Output((said or "out",), notes)


NEXTJS = NodeGenerator(
    name="nextjs",
    title="Next.js export",
    package="next",
    configs=CONFIGS,
    builds="next build",
    output=output,
    inner=(".next",),  # what Netlify's own plugin publishes; an export is made from it
    shown_output='`distDir`, else `out`; needs `output: "export"`',
).generator()
