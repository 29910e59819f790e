"""Whether a site's answer lets the admin show it in a frame, as browsers decide it from the header fields."""

from urllib.parse import urljoin, urlsplit

from appliance.actor import Actor
from appliance.addresses import DEFAULT_PORTS
from appliance.errors import Invalid, NotFound
from appliance.explain import Explained, Explainer, Visitor
from appliance.serving.replies import Fields

_HOPS = 5  # redirects within the site that are followed to what a visitor sees
_UPGRADES = {
    "http": ("http", "https"),
    "https": ("https",),
}  # a source's scheme, and those it stands for (CSP 3, 6.7.2.8)


async def refused(explainer: Explainer, actor: Actor, site: str, url: str, embedder: str) -> bool:
    """Whether what a site answers at a URL of its own, redirects within it followed, may not be framed by `embedder`.

    Both are whole addresses. An answer that comes from elsewhere is not known here, and counts as one that may be.
    NotFound when the account may not see the site.
    """
    for _ in range(_HOPS):
        found = await _explained(explainer, actor, site, url)
        if found is None:
            return False
        fields = found.explanation.headers
        to = dict(fields).get(b"location")
        if to is None:
            return forbids(fields, url, embedder)
        url = urljoin(url, to.decode("latin-1"))
    return False


async def _explained(explainer: Explainer, actor: Actor, site: str, url: str) -> Explained | None:
    """None for an address that is not the site's, or at which nothing is any more."""
    try:
        return await explainer.explain(actor, site, url, Visitor())
    except Invalid:
        return None
    except NotFound as error:
        if error.code in {"nothing_there", "no_such_deploy"}:
            return None
        raise


def forbids(fields: Fields, url: str, embedder: str) -> bool:
    """Whether an answer to a URL with these fields may not be framed by a page at another origin, `embedder`.

    Content-Security-Policy's `frame-ancestors` (CSP 3, 6.4.2) comes before X-Frame-Options, which browsers then ignore
    (HTML, 7.7). Every policy has to let it.
    """
    policies = [policy for value in _values(fields, b"content-security-policy") for policy in value.split(",")]
    ancestors = [sources for policy in policies if (sources := _ancestors(policy)) is not None]
    if ancestors:
        return not all(any(_matches(one, url, embedder) for one in sources) for sources in ancestors)
    options = {one.strip().lower() for value in _values(fields, b"x-frame-options") for one in value.split(",")}
    known = options & {"deny", "sameorigin", "allowall"}
    return bool(known - {"allowall"}) or (bool(known) and len(options) > 1)


def _values(fields: Fields, name: bytes) -> list[str]:
    return [value.decode("latin-1") for own, value in fields if own == name]


def _ancestors(policy: str) -> list[str] | None:
    """The sources of a policy's first `frame-ancestors`; None when it has none."""
    for directive in policy.split(";"):
        name, *sources = directive.split() or [""]
        if name.lower() == "frame-ancestors":
            return [source.lower() for source in sources]
    return None


def _matches(source: str, url: str, embedder: str) -> bool:
    """Whether a source names the embedder's origin; `'self'` and `'none'` do not: a site never has the admin's."""
    own, other = urlsplit(url), urlsplit(embedder)
    if source.endswith(":"):
        return other.scheme in _UPGRADES.get(source[:-1], (source[:-1],))
    if source == "*":
        return other.scheme in DEFAULT_PORTS
    scheme, has_scheme, rest = source.rpartition("://")
    host, _, port = rest.partition("/")[0].partition(":")
    if other.scheme not in _UPGRADES.get(scheme if has_scheme else own.scheme, (scheme,)):
        return False
    return _is_host(host, other.hostname or "") and _is_port(port, other.scheme, other.port)


def _is_host(host: str, other: str) -> bool:
    return other.endswith(host[1:]) if host.startswith("*.") else host == other


def _is_port(port: str, scheme: str, other: int | None) -> bool:
    return port == "*" or (port or str(DEFAULT_PORTS[scheme])) == str(other or DEFAULT_PORTS[scheme])
