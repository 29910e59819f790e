"""Docusaurus: https://docusaurus.io/docs/cli"""

import re

from builds.projects.node import NodeGenerator, NodeProject, Output, base_notes
from builds.projects.project import Folder, inner_folder

CONFIGS = tuple(f"docusaurus.config.{extension}" for extension in ("js", "ts", "mjs", "cjs", "mts"))
OUT_DIR = re.compile(r"docusaurus\s+build\b[^&|;]{0,200}?--out-dir[ =]([\w./-]{1,100})")


def output(folder: Folder, config: str) -> Output:
    """`build`, unless the script says `--out-dir`: the configuration has no word for it."""
    project = NodeProject(folder)
    said = OUT_DIR.search(project.scripts.get(project.script_with("docusaurus build"), ""))
    return Output((inner_folder(said[1] if said else "") or "build",), base_notes(folder, config, "baseUrl"))


DOCUSAURUS = NodeGenerator(
    name="docusaurus",
    title="Docusaurus",
    package="@docusaurus/core",
    configs=CONFIGS,
    builds="docusaurus build",
    output=output,
    shown_output="`--out-dir` in the script, else `build`",
).generator()
