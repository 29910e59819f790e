"""What Traefik's HTTP provider asks for: the hosts that are answered here, as routers that bring certificates."""

import hmac
from collections.abc import Callable, Iterable
from typing import Any

from quart import Blueprint, jsonify, request
from quart.wrappers.response import Response

from appliance.addresses import Addresses
from appliance.callers import bearer
from appliance.errors import NotSignedIn
from appliance.guard import opened
from appliance.settings import Settings

PATH = "/traefik/config"
SERVICE = "dropdock"
ADMIN = "admin"  # no site's router can be called so: theirs have dots in them


class Traefik:
    """Traefik's dynamic configuration (version 3), for whoever has the token; `hosts` gives those that are known now.

    A host is known when a site is live there, or an alias leads to it. Domains of people's own will be when they are
    verified: `hosts` is where they come in.
    """

    def __init__(self, settings: Settings, addresses: Addresses, hosts: Callable[[], Iterable[str]]) -> None:
        self._settings = settings
        self._addresses = addresses
        self._hosts = hosts

    def configuration(self) -> dict[str, Any]:
        """Routers, and the one service they all lead to."""
        wildcard = self._settings.traefik_certificates == "wildcard"
        servers = [{"url": self._settings.traefik_server}]
        services = {SERVICE: {"loadBalancer": {"servers": servers, "passHostHeader": True}}}
        return {"http": {"routers": self._under_base() if wildcard else self._each(), "services": services}}

    def blueprint(self) -> Blueprint:
        """`/traefik/config`, if a token is set; without one there is no such address."""
        blueprint = Blueprint("traefik", __name__)
        if self._settings.traefik_token:
            blueprint.add_url_rule(PATH, view_func=opened(self._answer))
        return blueprint

    async def _answer(self) -> Response:
        given = (bearer(request.headers) or "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(given, self._settings.traefik_token.encode()):
            raise NotSignedIn("Send traefik_token: Authorization: Bearer <token>.")
        answer = jsonify(self.configuration())
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _each(self) -> dict[str, Any]:
        hosts = {ADMIN: self._addresses.admin} | {host: host for host in self._hosts()}
        return {name: self._router(f"Host(`{host}`)") for name, host in hosts.items()}

    def _under_base(self) -> dict[str, Any]:
        base, admin = self._addresses.base, self._addresses.admin
        escaped = base.replace(".", r"\.")
        below = rf"HostRegexp(`^[a-z0-9-]+\.{escaped}$`)"
        routers = {"sites": self._router(below, domains=[{"main": base, "sans": [f"*.{base}"]}])}
        if not admin.endswith(f".{base}"):
            routers[ADMIN] = self._router(f"Host(`{admin}`)")
        return routers

    def _router(self, rule: str, **tls: object) -> dict[str, Any]:
        return {
            "rule": rule,
            "service": SERVICE,
            "entryPoints": [self._settings.traefik_entry_point],
            "tls": {"certResolver": self._settings.traefik_resolver, **tls},
        }
