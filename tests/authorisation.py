"""The matrix of who may ask what: one row a route, by what it takes.

For each who asks, in the order of `ASKING`: `-` has to sign in first, `x` is refused, `0` is told that there is
nothing, `+` is let in.
"""

import re
from collections.abc import Iterator

from quart import Quart

ASKING = ("nobody", "stranger", "member", "owner", "admin", "operator", "reader", "deployer", "elsewhere")
"""Bob, Charlie, Alice, Adam, Olga; then tokens of Alice's: to read, to deploy, for everything on another site."""

ANYONE = "+++++++++"  # open to everybody
OWN_READ = "-+++++++x"  # one's own, with any token but one for a site
OWN_LISTED = "-++++++++"  # one's own, also with a token for one site
OWN_DEPLOY = "-+++++x++"  # one's own content, before a site is named
OWN_ALL = "-+++++xxx"  # changes what is one's own
SITE_READ = "-0++++++0"
SITE_DEPLOY = "-0++++x+0"
SITE_ALL = "-0++++xx0"
SITE_OWNER = "-0x+++xx0"  # not for members
DELETED_READ = "-00+++++0"  # a deleted site is nothing to its members
DELETED_ALL = "-00+++xx0"
ADMINS = "-xxx++xxx"
OPERATORS = "-xxxx+xxx"
TAKEN = "-x++++x+x"  # a site of that name is made where there is none; another's is refused
BY_OTHER_PROOF = "---------"  # a refresh token, an upload token, a password or the set-up link is what counts
BY_SIGNATURE = "xxxxxxxxx"  # a signed webhook, or a link that was made for it
SIGNED_OUT = "------xxx"  # leads to the sign-in screen
NOTHING_READ = "-00000000"  # there is nothing, whoever asks
NOTHING_DEPLOY = "-00000x00"
NO_SITE = "-xxxxxxxx"  # no address of a site
NO_WINDOW_READ = "-0000000x"  # only a server that was opened by a double click is stopped here
NO_WINDOW_ALL = "-00000xxx"

ROWS = {
    ANYONE: (
        "GET /api/docs",
        "GET /api/docs/<name>",
        "GET /api/openapi.json",
        "POST /api/v1/auth/setup",
        "POST /api/v1/auth/sign-in",
        "GET /healthz",
        "GET /metrics",
        "GET /readyz",
        "GET /sign-in",
        "GET /site/<site>/integrations/safe",
        "GET /static/HASH/<path:path>",
        "GET /team/<account>/integrations/installations/meta/<site>",
    ),
    OWN_READ: (
        "GET /",
        "GET /account",
        "GET /api/v1/audit",
        "GET /api/v1/audit/export",
        "GET /api/v1/auth/sessions",
        "GET /api/v1/plan",
        "GET /api/v1/tokens",
        "GET /api/v1/usage",
        "GET /deleted-sites",
        "GET /events",
        "GET /help",
        "GET /history",
        "GET /queue",
    ),
    OWN_LISTED: (
        "GET /api/v1/deleted-sites",
        "GET /api/v1/me",
        "GET /api/v1/plans",
        "GET /api/v1/sites",
        "GET /cloudflare/accounts",
        "GET /cloudflare/accounts/<account>/pages/projects",
        "GET /cloudflare/memberships",
        "GET /cloudflare/user",
        "GET /cloudflare/user/tokens/verify",
        "GET /help/<name>",
        "GET /netlify/<slug>/sites",
        "GET /netlify/accounts",
        "GET /netlify/accounts/<slug>/env",
        "GET /netlify/sites",
        "GET /netlify/user",
        "GET /surge/account",
        "GET /surge/list",
    ),
    OWN_DEPLOY: (
        "POST /api/v1/contents",
        "PUT /api/v1/contents/<sha256>",
        "DELETE /api/v1/listings/<deploy>",
    ),
    OWN_ALL: (
        "POST /account/look",
        "POST /account/password",
        "POST /account/sign-ins/<int(max=2147483647):session>/end",
        "POST /account/sign-ins/end",
        "POST /account/tokens",
        "POST /account/tokens/<int(max=2147483647):token>/delete",
        "DELETE /api/v1/auth/sessions",
        "DELETE /api/v1/auth/sessions/<int(max=2147483647):session>",
        "POST /api/v1/auth/sign-out",
        "PATCH /api/v1/me",
        "POST /api/v1/sites",
        "POST /api/v1/tokens",
        "DELETE /api/v1/tokens/<int(max=2147483647):token>",
        "POST /checklist/put-away",
        "POST /cloudflare/accounts/<account>/pages/projects",
        "POST /netlify/<slug>/sites",
        "POST /netlify/sites",
        "POST /sites",
        "POST /sample",
    ),
    SITE_READ: (
        "GET /api/v1/deploys/<deploy>",
        "GET /api/v1/deploys/<deploy>/download",
        "GET /api/v1/deploys/<deploy>/events",
        "GET /api/v1/sites/<name>",
        "GET /api/v1/sites/<name>/aliases",
        "GET /api/v1/sites/<name>/build",
        "POST /api/v1/sites/<name>/comparison",
        "GET /api/v1/sites/<name>/deploys",
        "GET /api/v1/sites/<name>/diff",
        "GET /api/v1/sites/<name>/explain",
        "GET /api/v1/sites/<name>/gate",
        "GET /api/v1/sites/<name>/git",
        "GET /api/v1/sites/<name>/members",
        "GET /api/v1/sites/<name>/traffic",
        "GET /api/v1/sites/<name>/usage",
        "GET /cloudflare/accounts/<account>/pages/projects/<project>",
        "GET /cloudflare/accounts/<account>/pages/projects/<project>/deployments",
        "GET /cloudflare/accounts/<account>/pages/projects/<project>/deployments/<deploy>",
        "GET /cloudflare/accounts/<account>/pages/projects/<project>/deployments/<deploy>/history/logs",
        "GET /deploys/<deploy>",
        "GET /deploys/<deploy>/cancel",
        "GET /deploys/<deploy>/delete",
        "GET /deploys/<deploy>/explain",
        "GET /deploys/<deploy>/files",
        "GET /deploys/<deploy>/progress",
        "GET /deploys/<deploy>/publish",
        "GET /deploys/<deploy>/redeploy",
        "GET /deploys/<deploy>/rules",
        "GET /deploys/<deploy>/version",
        "GET /netlify/deploys/<deploy>",
        "GET /netlify/sites/<site>",
        "GET /netlify/sites/<site>/deploys",
        "GET /netlify/sites/<site>/deploys/<deploy>",
        "GET /sites/<name>",
        "GET /sites/<name>/builds",
        "GET /sites/<name>/deploys",
        "GET /sites/<name>/diff",
        "GET /sites/<name>/domains",
        "GET /sites/<name>/figures",
        "GET /sites/<name>/gate",
        "GET /sites/<name>/git",
        "GET /sites/<name>/git/fetch",
        "GET /sites/<name>/settings",
        "GET /surge/<domain>/list",
    ),
    SITE_DEPLOY: (
        "POST /api/v1/deploys/<deploy>/answer",
        "POST /api/v1/deploys/<deploy>/cancel",
        "POST /api/v1/deploys/<deploy>/redeploy",
        "POST /api/v1/deploys/<deploy>/undo",
        "POST /api/v1/listings/<deploy>/finish",
        "DELETE /api/v1/sites/<name>/aliases/<alias>",
        "PUT /api/v1/sites/<name>/aliases/<alias>",
        "POST /api/v1/sites/<name>/deploys",
        "POST /api/v1/sites/<name>/git/deploys",
        "POST /api/v1/sites/<name>/listings",
        "DELETE /api/v1/sites/<name>/lock",
        "PUT /api/v1/sites/<name>/lock",
        "POST /api/v1/sites/<name>/publish",
        "POST /api/v1/sites/<name>/rollback",
        "POST /cloudflare/accounts/<account>/pages/projects/<project>/deployments",
        "POST /cloudflare/accounts/<account>/pages/projects/<project>/deployments/<deploy>/rollback",
        "GET /cloudflare/accounts/<account>/pages/projects/<project>/upload-token",
        "POST /netlify/deploys/<deploy>/cancel",
        "PUT /netlify/deploys/<deploy>/files/<path:path>",
        "POST /netlify/deploys/<deploy>/lock",
        "POST /netlify/deploys/<deploy>/unlock",
        "POST /netlify/sites/<site>/deploys",
        "POST /netlify/sites/<site>/deploys/<deploy>/restore",
        "PUT /netlify/sites/<site>/rollback",
        "POST /surge/<domain>/rollback",
    ),
    SITE_ALL: (
        "DELETE /api/v1/deploys/<deploy>",
        "PATCH /api/v1/sites/<name>",
        "PATCH /api/v1/sites/<name>/build",
        "DELETE /api/v1/sites/<name>/build/variables/<variable>",
        "PUT /api/v1/sites/<name>/build/variables/<variable>",
        "PATCH /api/v1/sites/<name>/gate",
        "DELETE /api/v1/sites/<name>/gate/bypass",
        "POST /api/v1/sites/<name>/gate/bypass",
        "POST /api/v1/sites/<name>/gate/links",
        "DELETE /api/v1/sites/<name>/gate/links/<link>",
        "DELETE /api/v1/sites/<name>/git",
        "PUT /api/v1/sites/<name>/git",
        "POST /api/v1/sites/<name>/git/secret",
        "DELETE /cloudflare/accounts/<account>/pages/projects/<project>/deployments/<deploy>",
        "POST /deploys/<deploy>/aliases",
        "POST /deploys/<deploy>/aliases/<alias>/remove",
        "POST /deploys/<deploy>/answer",
        "POST /deploys/<deploy>/cancel",
        "POST /deploys/<deploy>/delete",
        "POST /deploys/<deploy>/lock",
        "POST /deploys/<deploy>/publish",
        "POST /deploys/<deploy>/redeploy",
        "POST /deploys/<deploy>/undo",
        "POST /deploys/<deploy>/unlock",
        "POST /sites/<name>/builds",
        "POST /sites/<name>/builds/variables",
        "POST /sites/<name>/builds/variables/<variable>/delete",
        "POST /sites/<name>/delete",
        "POST /sites/<name>/deploys",
        "POST /sites/<name>/gate",
        "POST /sites/<name>/gate/bypass",
        "POST /sites/<name>/gate/bypass/delete",
        "POST /sites/<name>/gate/links",
        "POST /sites/<name>/gate/links/<link>/delete",
        "POST /sites/<name>/gate/password/delete",
        "POST /sites/<name>/git",
        "POST /sites/<name>/git/delete",
        "POST /sites/<name>/git/deploys",
        "POST /sites/<name>/git/secret",
        "POST /sites/<name>/lock",
        "POST /sites/<name>/settings",
        "POST /sites/<name>/unlock",
    ),
    SITE_OWNER: (
        "DELETE /api/v1/sites/<name>",
        "DELETE /api/v1/sites/<name>/members/<email>",
        "PUT /api/v1/sites/<name>/members/<email>",
        "DELETE /cloudflare/accounts/<account>/pages/projects/<project>",
        "DELETE /netlify/sites/<site>",
        "POST /sites/<name>/members",
        "POST /sites/<name>/members/remove",
        "DELETE /surge/<domain>",
    ),
    DELETED_READ: ("GET /deleted-sites/<name>/delete",),
    DELETED_ALL: (
        "DELETE /api/v1/deleted-sites/<name>",
        "POST /api/v1/deleted-sites/<name>/restore",
        "POST /deleted-sites/<name>/delete",
        "POST /deleted-sites/<name>/restore",
    ),
    ADMINS: (
        "GET /api/v1/accounts",
        "POST /api/v1/accounts",
        "GET /api/v1/accounts/<int(max=2147483647):account>",
        "GET /api/v1/accounts/<int(max=2147483647):account>/usage",
        "GET /api/v1/accounts/<int(max=2147483647):account>/plan",
        "GET /people",
        "POST /people",
        "GET /people/<int(max=2147483647):account>",
    ),
    OPERATORS: (
        "PATCH /api/v1/accounts/<int(max=2147483647):account>",
        "GET /api/v1/settings",
        "GET /admin/components",
        "GET /system",
        "GET /system/figures",
        "GET /system/log",
        "POST /people/<int(max=2147483647):account>",
        "POST /people/<int(max=2147483647):account>/password",
    ),
    TAKEN: (
        "PUT /<domain>",
        "PUT /surge/<domain>",
    ),
    BY_OTHER_PROOF: (
        "POST /api/v1/auth/refresh",
        "POST /cloudflare/pages/assets/check-missing",
        "POST /cloudflare/pages/assets/upload",
        "POST /cloudflare/pages/assets/upsert-hashes",
        "GET /setup",
        "POST /setup",
        "POST /sign-in",
    ),
    BY_SIGNATURE: (
        "POST /api/v1/sites/<name>/git/hook",
        "GET /sign-in/link",
    ),
    SIGNED_OUT: ("POST /sign-out",),
    NOTHING_READ: (
        "GET /api/v1/listings/<deploy>",
        "GET /cloudflare/<path:rest>",
        "GET /netlify/<path:rest>",
        "GET /surge/<path:rest>",
    ),
    NOTHING_DEPLOY: (
        "DELETE /cloudflare/<path:rest>",
        "PATCH /cloudflare/<path:rest>",
        "POST /cloudflare/<path:rest>",
        "PUT /cloudflare/<path:rest>",
        "DELETE /netlify/<path:rest>",
        "PATCH /netlify/<path:rest>",
        "POST /netlify/<path:rest>",
        "PUT /netlify/<path:rest>",
        "PUT /netlify/sites/<site>/deploys/<deploy>",
        "PATCH /surge/<path:rest>",
        "POST /surge/<path:rest>",
    ),
    NO_SITE: (
        "DELETE /surge/<path:rest>",
        "PUT /surge/<path:rest>",
    ),
    NO_WINDOW_READ: ("GET /stop",),
    NO_WINDOW_ALL: ("POST /stop",),
}
MATRIX = {route: takes for takes, routes in ROWS.items() for route in routes}

BODIES: dict[str, dict[str, object]] = {
    "/api/v1/accounts": {"email": "new@example.org", "password": "long enough it is"},
    "/api/v1/deploys/<deploy>/answer": {"generator": "auto"},
    "/api/v1/sites/<name>/aliases/<alias>": {"deploy": "DEPLOY"},
    "/api/v1/sites/<name>/build/variables/<variable>": {"value": "x"},
    "/api/v1/sites/<name>/git": {"url": "https://git.example.org/a.git"},
    "/api/v1/sites/<name>/publish": {"deploy": "DEPLOY"},
    "/cloudflare/accounts/<account>/pages/projects": {"name": "matrix", "production_branch": "main"},
    "/netlify/sites/<site>/deploys/<deploy>": {"files": {}},
}
"""What is sent along where it is looked at before who asks."""

FORM = {"name": "x", "email": "dora@example.org", "html": "natural", "dialect": "netlify"}
"""What is sent by a form: enough for each of them."""

PARAMETERS = {
    "/api/v1/sites/<name>/diff": {"before": "1", "after": "1"},
    "/api/v1/sites/<name>/explain": {"url": "/"},
}


def routes_of(app: Quart) -> Iterator[str]:
    """Every route of the app: `METHOD /rule`."""
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield f"{method} {re.sub('/static/[0-9a-f]+/', '/static/HASH/', rule.rule)}"
