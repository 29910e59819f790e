"""Where other devices on the same network reach this server, as a page with a code to point a phone's camera at."""

import html
import io
import socket

import segno

from appliance.addresses import Addresses
from appliance.settings import Settings

SOMEWHERE = ("192.0.2.1", 9)  # RFC 5737: no host has it, and nothing is sent to it
LOOPBACK = "127.0.0.1"

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>On other devices</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 1.5rem; text-align: center }}
svg {{ background: #fff; max-width: 100%; border-radius: .5rem }}
pre {{ text-align: left; display: inline-block; margin: 0 }}
</style>
<h1>On other devices</h1>
{content}
"""


def page(settings: Settings, addresses: Addresses) -> str:
    """The page, or what stands in the way and what to do about it."""
    return _PAGE.format(content=_content(settings, addresses, address_here()))


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


def _content(settings: Settings, addresses: Addresses, here: str) -> str:
    if not is_allowed(settings):
        return (
            "<p>Only this machine reaches Dropdock. To let others in, write this into "
            f"<code>appliance.toml</code> in the data folder and start Dropdock again:</p>{_example(settings, here)}"
        )
    if addresses.base == "localhost":
        return (
            f"<p>Other machines reach this one at {here}, but not by the name <code>localhost</code>. Give your sites "
            f"a name that leads here, in <code>appliance.toml</code> in the data folder:</p>{_example(settings, here)}"
        )
    url = addresses.admin_url
    return (
        f"<p>Point a phone's camera at this:</p>{_code(url)}<p><a href='{html.escape(url)}'>{html.escape(url)}</a></p>"
    )


def _code(url: str) -> str:
    drawn = io.BytesIO()
    segno.make(url, error="m").save(drawn, kind="svg", scale=6, border=4, xmldecl=False, svgns=False, title=url)
    return drawn.getvalue().decode()


def _example(settings: Settings, here: str) -> str:
    """Settings that work in most home networks; a public service answers the name with the address in it."""
    base = f"{here.replace('.', '-')}.sslip.io" if settings.base == "localhost" else settings.base
    return f'<pre>listen = "0.0.0.0:{settings.listen.port or 8080}"\nbase = "{html.escape(base)}"</pre>'
