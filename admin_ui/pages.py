"""Renders templates with finished facts, and sends them with the headers every page of the admin has."""

from dataclasses import dataclass, field

from jinja2 import Environment, PackageLoader, StrictUndefined
from quart import Response

from admin_ui.look.themes import Themes
from admin_ui.told import told
from admin_ui.words import spoken, t
from appliance.preferences import Preferences

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Link:
    """A link in a list or in the navigation."""

    href: str
    label: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """How a page looks: the address of its style sheet, its icon and its logo, and what the account chose.

    Without a `logo` ours is drawn. `scheme` and `density` are empty where the system and habit decide.
    """

    sheet: str = ""
    icon: str = ""
    logo: str = ""
    scheme: str = ""
    density: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds the page of somebody signed in; for strangers only `static` and `look` are set."""

    static: str
    look: Look = field(default_factory=Look)
    email: str = ""
    csrf: str = ""
    links: tuple[Link, ...] = ()
    notice: str = ""
    news: int = 0  # none: the page answers a form, and cannot be asked for again
    site: str = ""  # whose page it is
    zone: object = None  # where uploads go, on pages that take them: see `context.sites.DropZone`


class Pages:
    """The admin's templates. A template gets `frame`, `page` and `language`; a name it does not know is an error.

    Every template and macro says its words by `t("table.key", name=value)`, see `Language.say`, and passes on what the
    server says by `told(sentence)`.
    """

    def __init__(self, static: str, themes: Themes) -> None:
        self.static = static
        self.themes = themes
        self._templates = Environment(
            loader=PackageLoader("admin_ui"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(t=t, told=told)

    def look(self, chosen: Preferences) -> Look:
        """How pages look to somebody who chose that."""
        theme = self.themes.get(chosen.theme)
        logo = f"{self.static}/themes/{theme.name}/{theme.logo}" if theme.logo else ""
        icon = logo or f"{self.static}/{theme.name}.svg"
        return Look(f"{self.static}/{theme.name}.css", icon, logo, chosen.scheme, chosen.density)

    def answer(
        self, template: str, page: object, *, frame: Frame | None = None, status: int = 200, framed: str = ""
    ) -> Response:
        """A page as an answer; `template` is a name below `templates/pages`, without `.html`.

        `framed` is the one origin that this page may show in a frame of its own.
        """
        html = self.html(template, page, frame or Frame(self.static, self.look(Preferences())))
        response = Response(html, status=status, content_type="text/html; charset=utf-8")
        response.headers.update(HEADERS)
        if framed:
            response.headers["Content-Security-Policy"] = f"{CSP}; frame-src {framed}"
        return response

    def html(self, template: str, page: object, frame: Frame) -> str:
        """A page as text."""
        found = self._templates.get_template(f"pages/{template}.html")
        return found.render(page=page, frame=frame, language=spoken())
