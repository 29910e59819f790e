"""Where other devices on the same network reach this server, as a page with a code to point a phone's camera at."""

import io
import socket

import segno
from markupsafe import Markup

from admin_ui.desktop import markup
from admin_ui.words import t
from appliance.addresses import Addresses
from appliance.settings import Settings

SOMEWHERE = ("192.0.2.1", 9)  # RFC 5737: no host has it, and nothing is sent to it
LOOPBACK = "127.0.0.1"


def page(settings: Settings, addresses: Addresses) -> str:
    """The page, or what stands in the way and what to do about it, in the language spoken."""
    text, content = _content(settings, addresses, address_here())
    return markup.filled(markup.NETWORK, title=title(), text=text, content=content)


def title() -> str:
    """What the page is called."""
    return t("desktop.devices_title")


def is_allowed(settings: Settings) -> bool:
    """Whether the server was told to listen beyond this machine."""
    return any(listen is not None and not listen.is_loopback for listen in (settings.listen, settings.listen_tls))


def address_here() -> str:
    """The address this machine has in its network; loopback where it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(SOMEWHERE)
        except OSError:
            return LOOPBACK
        found: str = probe.getsockname()[0]
        return found


def _content(settings: Settings, addresses: Addresses, here: str) -> tuple[str, Markup]:
    """A sentence, and what it is about."""
    if not is_allowed(settings):
        return t("desktop.only_here_html"), _example(settings, here)
    if addresses.base == "localhost":
        return t("desktop.only_by_number_html", here=here), _example(settings, here)
    url = addresses.admin_url
    return t("desktop.point"), _code(url) + Markup("<p><a href='{url}'>{url}</a></p>").format(url=url)


def _code(url: str) -> Markup:
    drawn = io.BytesIO()
    segno.make(url, error="m").save(drawn, kind="svg", scale=6, border=4, xmldecl=False, svgns=False, title=url)
    return Markup(drawn.getvalue().decode())  # noqa: S704 - drawn here, the title escaped by who draws it


def _example(settings: Settings, here: str) -> Markup:
    """Settings that work in most home networks; a public service answers the name with the address in it."""
    base = f"{here.replace('.', '-')}.sslip.io" if settings.base == "localhost" else settings.base
    lines = Markup('<pre>listen = "0.0.0.0:{port}"\nbase = "{base}"</pre>')
    return lines.format(port=settings.listen.port or 8080, base=base)
