"""Hexo: https://hexo.io/docs/configuration"""

from builds.projects import parsing
from builds.projects.node import NodeGenerator, Output
from builds.projects.project import Folder, inner_folder

CONFIGS = ("_config.yml", "_config.yaml")


def output(folder: Folder, config: str) -> Output:
    """`public_dir`, else `public`; a `root` other than `/` is for a folder of another host."""
    values = folder.yaml(config) if config else parsing.NOTHING
    root = parsing.string(values, "root") or "/"
    notes = (
        () if root == "/" else (f"{folder.shown(config)} has root: {root[:80]}: links will lead there, set it to /.",)
    )
    return Output((inner_folder(parsing.string(values, "public_dir")) or "public",), notes)


HEXO = NodeGenerator(
    name="hexo",
    title="Hexo",
    package="hexo",
    configs=CONFIGS,
    builds="hexo generate",
    output=output,
    shown_output="`public_dir`, else `public`",
    beats=("jekyll",),
).generator()
