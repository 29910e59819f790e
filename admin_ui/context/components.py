"""What the page of components shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from admin_ui.context.common import Choice, Pager
from admin_ui.words import Moment


@dataclass(frozen=True, slots=True)
class Swatch:
    """A named colour, in light and in dark."""

    name: str
    light: str
    dark: str


@dataclass(frozen=True, slots=True)
class ComponentsPage:
    """Something to show for each macro."""

    theme: str
    badges: Sequence[str]
    moment: Moment
    choices: Sequence[Choice]
    pages: Pager
    swatches: Sequence[Swatch]
    title: str = "Components"
