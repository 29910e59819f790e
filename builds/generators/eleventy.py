"""Eleventy: https://www.11ty.dev/docs/config/"""

from builds.projects.generator import Weight
from builds.projects.node import NodeGenerator, Output
from builds.projects.project import Folder, inner_folder

CONFIGS = (
    "eleventy.config.js",
    "eleventy.config.mjs",
    "eleventy.config.cjs",
    "eleventy.config.ts",
    ".eleventy.js",
    ".eleventy.mjs",
    ".eleventy.cjs",
)


def output(folder: Folder, config: str) -> Output:
    """`dir.output`, or what is given to `setOutputDirectory`."""
    settings = folder.javascript(config)
    said = settings.strings.get("dir.output") or settings.calls.get("setOutputDirectory", "")
    if not said and "dir.output" in settings.other:
        return Output(
            ("_site",), (f"{folder.shown(config)} computes dir.output: say which folder it is if not _site/.",)
        )
    return Output((inner_folder(said) or "_site",))


def weigh(folder: Folder, weight: Weight) -> Weight:
    """Any page in Markdown or a template language makes a site of it, without a configuration."""
    pages = (".md", ".njk", ".liquid", ".11ty.js")
    return Weight.SURE if any(folder.has(f"index{extension}") for extension in pages) else weight


ELEVENTY = NodeGenerator(
    name="eleventy",
    title="Eleventy",
    package="@11ty/eleventy",
    configs=CONFIGS,
    builds="eleventy",
    output=output,
    shown_output="`dir.output`, else `_site`",
    beats=("vite",),
    weigh=weigh,
).generator()
