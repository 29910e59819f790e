"""Stopping the server, for the operator who opened it by a double click and has no terminal to stop it in."""

from collections.abc import Callable

from quart import Response

from admin_ui.context.common import ConfirmPage, TitledPage
from admin_ui.edge import Route, Visit
from admin_ui.words import t
from appliance.errors import Forbidden, NotFound


async def ask(visit: Visit) -> Response:
    """The question."""
    _check(visit)
    page = ConfirmPage(
        title=t("stopping.title"),
        text=t("stopping.text"),
        action="/stop",
        label=t("stopping.button"),
        back="/account",
    )
    return visit.page("confirm", page)


async def stop(visit: Visit) -> Response:
    """Begin to stop; this answer is still given."""
    end = _check(visit)
    end()
    return visit.page("stopped", TitledPage(t("stopping.stopped_title")))


def _check(visit: Visit) -> Callable[[], None]:
    if visit.parts.stop is None:
        raise NotFound("This server is stopped where it was started.")
    if visit.actor.role != "operator":
        raise Forbidden("Only an operator may stop the server.")
    return visit.parts.stop


ROUTES = (Route("/stop", ask), Route("/stop", stop, "POST"))
