"""Every component in every form it has, for those who work on the look and for the tests; linked from nowhere."""

from datetime import UTC, datetime

from quart import Response

from admin_ui.context.common import Choice, Pager
from admin_ui.context.components import ComponentsPage, Swatch
from admin_ui.edge import Route, Visit
from admin_ui.look.contrast import SCHEMES
from admin_ui.look.tokens import Tokens
from admin_ui.words import moment
from appliance.errors import Forbidden

BADGES = ("live", "good", "failed", "working", "queued", "locked", "asking", "draft", "ready")
MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


async def show(visit: Visit) -> Response:
    """The page."""
    if visit.actor.role != "operator":
        raise Forbidden("Only an operator may see how the admin is made.")
    theme = visit.pages.themes.get(visit.preferences.theme)
    colours = {**Tokens.shipped().colours, **theme.colours}
    return visit.page(
        "components",
        ComponentsPage(
            theme=theme.name,
            badges=BADGES,
            moment=moment(MOMENT),
            choices=[Choice("a", "The first"), Choice("b", "The second")],
            pages=Pager("Page 2 of 3", "/admin/components?page=1", "/admin/components?page=3"),
            swatches=[Swatch(name, *(getattr(each, scheme) for scheme in SCHEMES)) for name, each in colours.items()],
        ),
    )


ROUTES = (Route("/admin/components", show),)
