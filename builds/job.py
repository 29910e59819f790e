"""What a press is asked to do with one file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """One file's work: `content` is the file it stands in; what is made of it is written into `folder`.

    `language` is empty where only compressed forms are wanted; with `minify` it is made smaller. `snippets` go into the
    head of a page. `levels` are those of the forms, none without any. `key` is for whoever has it done.
    """

    key: str
    content: str
    folder: str
    language: str = ""
    minify: bool = False
    snippets: tuple[str, ...] = ()
    levels: Mapping[str, int] = field(default_factory=dict)

    @property
    def message(self) -> dict[str, Any]:
        """The job as it is sent; `asdict` would copy every value of it."""
        return {name: getattr(self, name) for name in self.__slots__}
