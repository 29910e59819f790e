"""SvelteKit, prerendered: https://svelte.dev/docs/kit/adapter-static"""

from builds.projects.node import NodeGenerator, NodeProject, Output, base_notes
from builds.projects.project import Folder, inner_folder

CONFIGS = ("svelte.config.js", "svelte.config.ts", "svelte.config.mjs")
ADAPTER = "@sveltejs/adapter-static"
VITE = ("vite.config.ts", "vite.config.js", "vite.config.mts", "vite.config.mjs")


def output(folder: Folder, config: str) -> Output:
    """`pages` of the adapter, else `build`."""
    notes = base_notes(folder, config, "kit.paths.base")
    if ADAPTER not in NodeProject(folder).dependencies:
        notes += (f"Only prerendered pages can be served as files: install {ADAPTER} and name it in {CONFIGS[0]}.",)
    settings = [folder.javascript(name) for name in (config, folder.first(VITE)) if name]
    said = next(
        (found for one in settings for path, found in one.strings.items() if path.endswith("adapter.pages")), ""
    )
    return Output((inner_folder(said) or "build",), notes)


SVELTEKIT = NodeGenerator(
    name="sveltekit",
    title="SvelteKit static",
    package="@sveltejs/kit",
    configs=CONFIGS,
    builds="vite build",
    output=output,
    shown_output="`pages` of adapter-static, else `build`",
    beats=("vite",),
).generator()
