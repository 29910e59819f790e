"""What the help shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from admin_ui.pages import Link
from admin_ui.words import said


@dataclass(frozen=True, slots=True)
class HelpPage:
    """The list of help pages."""

    links: Sequence[Link]
    version: str
    title: str = said("help.title")


@dataclass(frozen=True, slots=True)
class HelpText:
    """One help page; `body` is safe HTML."""

    title: str
    body: Markup
