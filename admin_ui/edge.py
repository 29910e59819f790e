"""The admin's edge: a table of routes becomes guarded views, and each screen gets who asks and what to act with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from quart import Blueprint, Response, g, redirect, request
from werkzeug.datastructures import MultiDict

from admin_ui.context.common import notice
from admin_ui.context.sites import drop_zone
from admin_ui.languages import shipped
from admin_ui.pages import Frame, Link, Pages
from admin_ui.questions import SURE, Asks, Question
from admin_ui.words import speak, t
from appliance import guard, preferences
from appliance.actor import Actor
from appliance.parts import Parts
from appliance.preferences import Preferences
from appliance.texts import refuse_nul

PEOPLE = ("operator", "admin")
NAVIGATION = (  # who does not see it by their role is refused there; none: for everybody
    ("/", "nav.sites", ()),
    ("/people", "nav.people", PEOPLE),
    ("/history", "nav.history", ()),
    ("/system", "nav.system", ("operator",)),
    ("/help", "nav.help", ()),
)
SEE_OTHER = 303  # RFC 9110 §15.4.4: after a form, fetch the result with GET


@dataclass(frozen=True, slots=True)
class Visitor:
    """A request by anyone, to one of the few screens that need no account."""

    parts: Parts
    pages: Pages

    def page(self, template: str, page: object, status: int = 200) -> Response:
        """Answer with a page."""
        return self.pages.answer(template, page, status=status)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request by somebody signed in. `session` is None where a personal token was used."""

    parts: Parts
    pages: Pages
    actor: Actor
    session: int | None
    csrf: str
    preferences: Preferences
    news: int  # the revision before anything was looked at: what comes after it may not be on the page

    @property
    def runs_people(self) -> bool:
        """Whether accounts are this account's business."""
        return self.actor.role in PEOPLE

    def page(self, template: str, page: object, status: int = 200, *, framed: str = "") -> Response:
        """Answer with a page, inside the frame with the navigation; `framed`: see `Pages.answer`."""
        return self.pages.answer(template, page, frame=self._frame(page), status=status, framed=framed)

    def part(self, template: str, page: object) -> Response:
        """Answer with a piece of a page, for scripts to put in place."""
        return self.pages.answer(template, page, frame=Frame(self.pages.static, csrf=self.csrf))

    def _frame(self, page: object) -> Frame:
        site = _site_of(page)
        return Frame(
            static=self.pages.static,
            look=self.pages.look(self.preferences),
            email=self.actor.email,
            csrf=self.csrf,
            links=tuple(
                Link(href, t(label), current=_leads_to(href, request.path))
                for href, label, roles in NAVIGATION
                if not roles or self.actor.role in roles
            ),
            notice=notice(request.args.get("done", "")),
            news=self.news if request.method == "GET" else 0,
            site=site,
            zone=drop_zone(self.parts.settings, site) if site or request.path == "/" else None,
        )


@dataclass(frozen=True, slots=True)
class Route:
    """An address of a screen. `view` gets a Visit and the path's parts."""

    rule: str
    view: Callable[..., Awaitable[Response]]
    method: str = "GET"
    asks: Asks | None = None  # the question that comes before what cannot be undone


@dataclass(frozen=True, slots=True)
class OpenRoute:
    """An address anyone may ask; `view` gets a Visitor and the path's parts."""

    rule: str
    view: Callable[..., Awaitable[Response]]
    method: str = "GET"


class Edge:
    """Adds routes to a blueprint. The guard of the app keeps strangers out of all but the open ones."""

    def __init__(self, blueprint: Blueprint, parts: Parts, pages: Pages) -> None:
        self.pages = pages
        self._blueprint = blueprint
        self._parts = parts

    def add(self, route: Route | OpenRoute) -> None:
        """Serve a route."""
        view = self._open(route) if isinstance(route, OpenRoute) else self._closed(route)
        name = f"{route.method.lower()}_{route.rule}".replace(".", "_")
        self._blueprint.add_url_rule(route.rule, name, view, methods=[route.method], provide_automatic_options=False)

    def speak(self, chosen: str = "") -> None:
        """Answer this request in the chosen language; else in the installation's, if it has one, or the browser's."""
        speak(shipped().pick(request.accept_languages, chosen, self._parts.settings.language))

    def _open(self, route: OpenRoute) -> Callable[..., Awaitable[Response]]:
        @guard.opened
        async def view(**path: Any) -> Response:  # noqa: ANN401 - path parameters, as the rule has them
            self.speak()
            refuse_nul([path, request.args.to_dict(flat=False)])
            return await route.view(Visitor(self._parts, self.pages), **path)

        return view

    def _closed(self, route: Route) -> Callable[..., Awaitable[Response]]:
        async def view(**path: Any) -> Response:  # noqa: ANN401 - path parameters, as the rule has them
            who, news = guard.signed(), self._parts.news.revision
            liked = g.liked = await preferences.of(who.actor)
            self.speak(liked.language)
            refuse_nul([path, request.args.to_dict(flat=False)])
            visit = Visit(self._parts, self.pages, who.actor, who.session, guard.csrf(), liked, news)
            asked = await route.asks(visit, **path) if route.asks and SURE not in await fields() else None
            return visit.page("confirm", asked.page()) if asked else await route.view(visit, **path)

        return view


def of_site(key: str, screen: str) -> Asks:
    """About something of a site, which a page of it, `screen`, shows; NotFound for who may not see the site."""

    async def ask(visit: Visit, **path: str) -> Question:
        await visit.parts.sites.get(visit.actor, path["name"])
        form = await fields()
        values = {**path, "what": form.get("what", "")}
        return Question(key, values, f"/sites/{path['name']}/{screen}")

    return ask


async def fields() -> MultiDict[str, str]:
    """The fields of the form that was sent; Invalid for a text that no database would take."""
    form = await request.form
    refuse_nul(form.to_dict(flat=False))
    return form


def go(path: str, *, done: str = "") -> Response:
    """Send the browser to a local path, where `done` names the notice to show."""
    answer = redirect(f"{path}?done={done}" if done else path, SEE_OTHER)
    answer.headers["Cache-Control"] = "no-store"
    return answer  # type: ignore[return-value]  # Quart types its redirect as Werkzeug's response


def to_sign_in(wanted: str) -> Response:
    """Send a stranger to the sign-in screen, and from there to what was wanted."""
    return go(f"/sign-in?next={quote(wanted, safe='/')}" if wanted != "/" else "/sign-in")


def _site_of(page: object) -> str:
    """The site whose page it is, by its address or by what it shows."""
    if request.path.startswith("/sites/"):
        return str((request.view_args or {}).get("name", ""))
    site = getattr(page, "site", "")
    return site if isinstance(site, str) else ""


def _leads_to(href: str, path: str) -> bool:
    """Whether a page belongs below an entry of the navigation."""
    if href == "/":
        return path == "/" or path.startswith(("/sites/", "/deploys/"))
    return path == href or path.startswith(href + "/")
