"""A folder of the upload as a person writes it: many ways in, none out."""

import pytest

from builds.errors import BuildError
from builds.projects.project import chosen_folder


@pytest.mark.parametrize(
    ("text", "folder"), [("", ""), (".", ""), ("./docs/", "docs"), ("a//b", "a/b"), ("a\\b", "a/b")]
)
def test_a_folder_is_written_in_many_ways(text: str, folder: str) -> None:
    assert chosen_folder(text, "output folder") == folder


@pytest.mark.parametrize("text", ["/etc", "../x", "a/../../x", "..", "a\x00b"])
def test_a_folder_does_not_lead_out(text: str) -> None:
    with pytest.raises(BuildError, match="output folder"):
        chosen_folder(text, "output folder")
