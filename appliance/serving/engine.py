"""Request values in, reply values out: an ordered list of small steps, each of which may answer or pass on."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from appliance.serving import conditional
from appliance.serving.addresses import ROOT, Address, BadTarget, read_path, safe_location, write_path
from appliance.serving.ranges import Unsatisfiable, read_range
from appliance.serving.release import Page, Release
from appliance.serving.replies import ALWAYS, REVALIDATE, Field, Reply, make_reply, page_reply
from appliance.serving.resolve import Hop, nearest

READ_HEADERS = conditional.HEADERS | {b"range", b"if-range"}
"""The request headers that can change an answer; lanes pass these on and no others."""

METHODS = (b"GET", b"HEAD", b"OPTIONS")
_ALLOW: Field = (b"allow", b", ".join(METHODS))
_NOT_FOUND_PAGE = "404.html"


@dataclass(slots=True)
class Request:
    """What an answer may depend on, besides the host, which has chosen the release.

    `target` is the origin form as received: path and query, or `*`. `headers` holds those of READ_HEADERS that were
    sent, names in lower case, repeated ones joined by a comma.
    """

    method: bytes
    target: bytes
    headers: dict[bytes, bytes]


@dataclass(slots=True)
class Visit:
    """A request on its way through the steps, with what they have found out so far."""

    request: Request
    release: Release
    query: bytes = b""
    address: Address = ROOT
    page: Page | None = None


Step = Callable[[Visit], Reply | None]


def answer(request: Request, release: Release) -> Reply:
    """The answer to a request; total, and the same for every lane.

    For HEAD it is GET's answer, of which the lane sends no body.
    """
    if not request.headers and request.method in {b"GET", b"HEAD"}:
        page = release.ready.get(request.target)
        if page is not None:
            return page.ok
    visit = Visit(request, release)
    for step in STEPS:
        reply = step(visit)
        if reply is not None:
            return reply
    return _not_found(visit)


def _check_method(visit: Visit) -> Reply | None:
    method = visit.request.method
    if method == b"OPTIONS":
        return make_reply(204, (_ALLOW, *ALWAYS, *visit.release.extra))
    return None if method in METHODS else _own_page(visit, 405, _ALLOW)


def _read_target(visit: Visit) -> Reply | None:
    path, _, visit.query = visit.request.target.partition(b"?")
    visit.page = visit.release.ready.get(path)
    if visit.page is None:
        try:
            visit.address = read_path(path)
        except BadTarget:
            return _own_page(visit, 400)
    return None


def _find_file(visit: Visit) -> Reply | None:
    if visit.page is not None:
        return None
    release = visit.release
    found = release.resolve(release.entries, visit.address)
    if isinstance(found, Hop):
        return _move(visit, found)
    if found is not None:
        visit.page = release.page(found.name)
        _remember(visit, visit.page)
    return None


def _check_conditions(visit: Visit) -> Reply | None:
    if visit.page is None:
        return None
    status = conditional.check(visit.request.headers, visit.page)
    if status == 304:
        return visit.page.unchanged
    return _own_page(visit, status) if status else None


def _send_file(visit: Visit) -> Reply | None:
    if visit.page is None:
        return None
    try:
        return _part(visit.request, visit.page) or visit.page.ok
    except Unsatisfiable:
        return _own_page(visit, 416, (b"content-range", b"bytes */%d" % visit.page.content.size))


STEPS: tuple[Step, ...] = (_check_method, _read_target, _find_file, _check_conditions, _send_file)


def _not_found(visit: Visit) -> Reply:
    name = nearest(visit.release.entries, visit.address, _NOT_FOUND_PAGE)
    return visit.release.missing(name) if name else _own_page(visit, 404)


def _part(request: Request, page: Page) -> Reply | None:
    """The 206, when a range is asked for; `Range` has a meaning on GET only (RFC 9110, 14.2)."""
    wanted, if_range = request.headers.get(b"range"), request.headers.get(b"if-range")
    if wanted is None or request.method != b"GET":
        return None
    if if_range is not None and not conditional.same_version(if_range, page):
        return None
    whole = page.content
    span = read_range(wanted, whole.size)
    if span is None:
        return None
    last = span.offset + span.length - 1
    fields = (*page.fields, (b"content-range", b"bytes %d-%d/%d" % (span.offset, last, whole.size)))
    return make_reply(206, fields, part=replace(whole, offset=span.offset, length=span.length))


def _move(visit: Visit, hop: Hop) -> Reply:
    """A redirect inside the site; the query goes along as it was sent."""
    location = safe_location(write_path(hop.to)).encode("ascii")
    if visit.query:
        location += b"?" + visit.query
    return make_reply(hop.status, ((b"location", location), REVALIDATE, *ALWAYS, *visit.release.extra))


def _remember(visit: Visit, page: Page) -> None:
    """Spare the next visitor the search. Only the canonical spelling is kept: others have no end."""
    path = visit.request.target.partition(b"?")[0]
    if path == write_path(visit.address).encode("ascii"):
        visit.release.ready[path] = page


def _own_page(visit: Visit, status: int, *extra: Field) -> Reply:
    return page_reply(status, *extra, *visit.release.extra)
