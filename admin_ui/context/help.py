"""What the help shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from admin_ui.help_search import LONGEST, Found
from admin_ui.pages import Link
from admin_ui.words import said, t


@dataclass(frozen=True, slots=True)
class HelpPage:
    """The list of help pages, or of those found; `find` is empty where nothing is looked for."""

    links: Sequence[Link]
    version: str
    find: str = ""
    found: Sequence[Found] = ()
    shown: str = ""
    title: str = said("help.title")


@dataclass(frozen=True, slots=True)
class HelpText:
    """One help page; `body` is safe HTML."""

    title: str
    body: Markup


def found_page(find: str, found: Sequence[Found], version: str) -> HelpPage:
    """The pages found."""
    return HelpPage((), version, find[:LONGEST], found, t("help.found", count=len(found), find=find[:LONGEST]))
