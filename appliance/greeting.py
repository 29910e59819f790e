"""What a server says, once it listens, to the person who started it in a terminal."""

from typing import TYPE_CHECKING

import structlog

from appliance.version import VERSION

if TYPE_CHECKING:
    from appliance.server import Running

LAST_LINE = "Press Ctrl+C to stop."

log = structlog.get_logger(__name__)


async def greet(server: "Running") -> None:
    """Print where everything is, and while there is no account the link to make one."""
    link = f"{server.parts.addresses.admin_url}setup?token={server.set_up_token}"
    say(server, *([f"Open this link once to create your account:\n  {link}"] if server.set_up_token else []))


def say(server: "Running", *more: str) -> None:
    """Print the lines a person who starts the server needs, and `more` below; log lines go to standard error."""
    addresses, settings, ways = server.parts.addresses, server.parts.settings, server.ways
    lines = [f"Dropdock {VERSION}"]
    listenings = [each for each in (ways.plain, ways.tls) if each]
    lines += [f"  Port {e.wanted} is taken: using {e.port}." for e in listenings if e.wanted not in {0, e.port}]
    lines.append(f"  Admin  {addresses.admin_url}")
    lines.append(f"  Sites  {addresses.url(addresses.site_host('<site>'))}")
    lines.append(f"  Data   {settings.data.absolute()}")
    if ways.tls:
        lines.append(f"  HTTPS  on port {ways.tls.port}, HTTP on port {ways.plain.port}")
    for address in (settings.listen, settings.listen_tls):
        if address and not address.is_loopback:
            lines.append(f"  Listening on {address}: other machines can connect.")
    lines += [f"\n{line}" for line in (*more, LAST_LINE)]
    print("\n".join(lines), flush=True)  # noqa: T201 - what `make run` is for
    log.info("started", version=VERSION, port=ways.plain.port)
