"""Gatsby: https://www.gatsbyjs.com/docs/reference/gatsby-cli/"""

from builds.projects.node import NodeGenerator, Output
from builds.projects.project import Folder

CONFIGS = tuple(f"gatsby-config.{extension}" for extension in ("js", "ts", "mjs"))


def output(_folder: Folder, _config: str) -> Output:
    """Always `public`; its `pathPrefix` counts only with `--prefix-paths`."""
    return Output(("public",))


GATSBY = NodeGenerator(
    name="gatsby",
    title="Gatsby",
    package="gatsby",
    configs=CONFIGS,
    builds="gatsby build",
    output=output,
    shown_output="`public`",
).generator()
