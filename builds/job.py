"""What a press is asked to do with one file."""

from collections.abc import Mapping
from typing import NamedTuple


class Job(NamedTuple):
    """One file's work: `content` is the file it stands in; what is made of it is written into `folder`.

    `levels` are those of the compressed forms, none without any. `language` is empty where only these are wanted; with
    `minify` it is made smaller. `snippets` go into the head of a page. Where it is `packed`, what is made of it may
    share a file with what is made of others. `key` is for whoever has it done.

    No dataclass: a press would take a sixth longer to start.
    """

    key: str
    content: str
    folder: str
    levels: Mapping[str, int]
    language: str = ""
    minify: bool = False
    snippets: tuple[str, ...] = ()
    packed: bool = False
