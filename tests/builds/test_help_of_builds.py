"""The help's table of generators and its list of tools say what the program does."""

from pathlib import Path

import pytest

from builds.generators import GENERATORS
from builds.projects.generator import Generator
from builds.tools.listed import TOOLS

HELP = (Path(__file__).resolve().parents[2] / "admin_ui/help/builds.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("generator", GENERATORS, ids=lambda generator: generator.name)
def test_the_help_has_the_generator_as_it_is(generator: Generator) -> None:
    cells = (
        f"{generator.title} (`{generator.name}`)",
        generator.signs,
        generator.command,
        generator.output,
        generator.source,
    )

    assert f"| {' | '.join(cells)} |" in HELP.splitlines()


def test_the_help_names_every_tool() -> None:
    assert [tool.title for tool in TOOLS if tool.title not in HELP] == []
