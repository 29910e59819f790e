"""The Quart app: the API's blueprints and whatever others it is given, behind one guard."""

import time
from collections.abc import Sequence

import structlog
from quart import Blueprint, Quart, Response, g, request

from appliance import logs, whereabouts
from appliance.api import (
    accounts,
    aliases,
    audit,
    auth,
    builds,
    contents,
    deleted_sites,
    deploys,
    edge,
    explain,
    gates,
    git,
    listings,
    me,
    members,
    openapi,
    plans,
    sessions,
    settings,
    sites,
    tokens,
    traffic,
    usage,
    versions,
)
from appliance.callers import SAFE_METHODS
from appliance.clients import CLIENTS, STREAMED
from appliance.parts import Parts
from appliance.uploads import AdminRequest

API = "/api/v1"

log = structlog.get_logger(__name__)


class _Request(AdminRequest):
    streamed = STREAMED


def create_app(parts: Parts, blueprints: Sequence[Blueprint]) -> Quart:
    """Wire the app; nothing is started. Every route needs an account unless it says otherwise."""
    app = Quart("appliance", static_folder=None)
    app.request_class = _Request
    app.config["MAX_CONTENT_LENGTH"] = int(parts.settings.request_body)
    app.before_request(_begin)
    app.after_request(_end)
    edge.install(app, parts.access)
    whereabouts.install(app, parts.system.health.whereabouts)
    for blueprint in api_blueprints(parts):
        app.register_blueprint(blueprint, url_prefix=API)
    openapi.install(app)
    for client in CLIENTS:
        for blueprint in client.blueprints(parts):
            app.register_blueprint(blueprint)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    return app


async def _begin() -> None:
    g.began = time.monotonic()
    g.request_id = logs.begin_request(request.headers.get("X-Request-Id"))


async def _end(response: Response) -> Response:
    """Say what was asked and answered; looking around is only worth a line when somebody debugs."""
    response.headers["X-Request-Id"] = g.request_id
    response.headers.setdefault("X-Content-Type-Options", "nosniff")  # JSON, too, may hold what somebody else wrote
    tell = log.debug if request.method in SAFE_METHODS else log.info
    milliseconds = round((time.monotonic() - g.began) * 1000, 1)
    tell("request", method=request.method, path=request.path, status=response.status_code, ms=milliseconds)
    return response


def api_blueprints(parts: Parts) -> Sequence[Blueprint]:
    """The one list of the API's resources."""
    return (
        auth.blueprint(parts.access),
        me.blueprint(parts.access),
        sessions.blueprint(parts.access),
        accounts.blueprint(parts.access),
        tokens.blueprint(),
        sites.blueprint(parts.sites, parts.removals),
        deleted_sites.blueprint(parts.removals, parts.sites),
        deploys.blueprint(parts),
        listings.blueprint(parts.listings, parts.settings),
        contents.blueprint(parts.contents, parts.settings),
        aliases.blueprint(parts.aliases, parts.locks),
        versions.blueprint(parts.differences, parts.downloads, parts.withdrawing),
        builds.blueprint(parts.site_builds, parts.jobs),
        gates.blueprint(parts.gates),
        settings.blueprint(parts.settings),
        traffic.blueprint(parts.sites, parts.counters),
        explain.blueprint(parts.explainer),
        git.blueprint(parts.git),
        audit.blueprint(),
        members.blueprint(parts.access),
        usage.blueprint(parts.allowance.usage),
        plans.blueprint(parts.allowance),
    )
