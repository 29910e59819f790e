"""Request values in, reply values out: an ordered list of small steps, each of which may answer or pass on."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from appliance.serving import codings, conditional
from appliance.serving.addresses import ROOT, Address, BadTarget, read_path, safe_location, write_path
from appliance.serving.ranges import Unsatisfiable, read_range
from appliance.serving.release import Release
from appliance.serving.replies import REVALIDATE, Field, Reply, make_reply, page_reply
from appliance.serving.represent import Page
from appliance.serving.resolve import Hop, nearest
from appliance.serving.rules import conditions
from appliance.serving.rules.compiled import NO_RULING, REDIRECTS, Asked, Ruling, rewritten
from appliance.serving.rules.edits import NO_EDIT, Edit
from appliance.serving.spa import FETCH_MODE, is_visit
from appliance.serving.unlock import CREDENTIALS, OWN_PREFIX, at_no_gate

READ_HEADERS = conditional.HEADERS | {b"range", b"if-range", codings.HEADER}
"""The request headers that can change an answer; lanes pass these on and no others."""

CONTEXT_HEADERS = CREDENTIALS | conditions.HEADERS | {FETCH_MODE}
"""More of them, which only sites with a gate or rules read; kept apart, so that they cost the others nothing."""

METHODS = (b"GET", b"HEAD", b"OPTIONS")
_ALLOW: Field = (b"allow", b", ".join(METHODS))
_NOT_FOUND_PAGE = "404.html"


@dataclass(slots=True)
class Request:
    """What an answer may depend on, besides the host, which has chosen the release.

    `target` is the origin form as received: path and query, or `*`. `headers` holds those of READ_HEADERS that were
    sent, names in lower case, repeated ones joined by a comma (cookies by a semicolon: RFC 9113, 8.2.3); `context`
    those of CONTEXT_HEADERS. `host` is the one the release was found by, as it was sent; `secure` says that the visitor
    comes over TLS.
    """

    method: bytes
    target: bytes
    headers: dict[bytes, bytes]
    context: dict[bytes, bytes] = field(default_factory=dict)
    host: bytes = b""
    secure: bool = False


@dataclass(slots=True)
class Visit:
    """A request on its way through the steps, with what they have found out so far."""

    request: Request
    release: Release
    query: bytes = b""
    address: Address = ROOT
    page: Page | None = None
    ruling: Ruling = NO_RULING
    edit: Edit = NO_EDIT  # what the site's rules do to the header fields
    lasting: bool = True  # the next visitor of this address gets the same file


Step = Callable[[Visit], Reply | None]


def join(headers: dict[bytes, bytes], name: bytes, value: bytes) -> None:
    """Put a header line, its name in lower case, to those that were sent before."""
    before, value = headers.get(name), value.strip()
    headers[name] = value if before is None else before + (b"; " if name == b"cookie" else b", ") + value


def answer(request: Request, release: Release) -> Reply:
    """The answer to a request; total, and the same for every lane.

    For HEAD it is GET's answer, of which the lane sends no body.
    """
    if release.entrance is not None:
        inside = partial(_walk, request, release)
        return release.entrance.admit(request.target, request.context, inside, secure=request.secure)
    headers = request.headers
    accepted = headers.get(codings.HEADER)
    if len(headers) == (accepted is not None) and request.method in {b"GET", b"HEAD"}:
        page = release.ready.get(request.target)
        if page is not None:
            return page.coded(accepted).ok
    return _walk(request, release)


def _walk(request: Request, release: Release) -> Reply:
    visit = Visit(request, release)
    for step in STEPS:
        reply = step(visit)
        if reply is not None:
            return reply
    return not_found(visit)


def _check_prefix(visit: Visit) -> Reply | None:
    """What is below the platform's own prefix is never the site's; a share link of a gate that is gone leads on."""
    target = visit.request.target
    if not target.startswith(OWN_PREFIX):
        return None
    return at_no_gate(target) or _own_page(visit, 404)


def _check_method(visit: Visit) -> Reply | None:
    method = visit.request.method
    if method == b"OPTIONS":
        return make_reply(204, (_ALLOW, *visit.release.always))
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


def _consult_rules(visit: Visit) -> Reply | None:
    """A page that is ready has no rules before it, and their header fields in it."""
    rules, request = visit.release.rules, visit.request
    if rules is None or visit.page is not None:
        return None
    visit.edit, everywhere = rules.edit(visit.address, request.host)
    visit.ruling = rules.rule(Asked(visit.address, visit.query, request.host, request.context))
    visit.lasting = everywhere and not visit.ruling.first
    if not visit.ruling.first:
        return None
    visit.edit = visit.edit.depends_on(visit.ruling.reads)
    return _obey(visit, visit.ruling) if visit.ruling.forced else None


def _obey_rule(visit: Visit) -> Reply | None:
    """No file is there, so the rules that leave a file alone have their turn."""
    if visit.page is not None or visit.release.rules is None:
        return None
    visit.edit = visit.edit.depends_on(visit.ruling.reads)
    return _obey(visit, visit.ruling)


def _obey(visit: Visit, ruling: Ruling) -> Reply | None:
    if ruling.rule is None:
        return None
    status, target = ruling.rule.redirect.status, ruling.rule.target
    if status in REDIRECTS:
        if ruling.rule.redirect.if_there and rewritten(visit.release.entries, target.address(ruling.captured)) is None:
            return None
        return _redirect(visit, status, target.location(ruling.captured, visit.query))
    if target.origin:
        return _fetch(visit, target.location(ruling.captured, visit.query).partition(b"#")[0])
    return _rewrite(visit, status, target.address(ruling.captured))


def _rewrite(visit: Visit, status: int, address: Address) -> Reply | None:
    """Another file of the site in the place of what was asked for."""
    name = rewritten(visit.release.entries, address)
    if name is None:
        return not_found(visit)
    if status != 200:
        page = visit.release.dress(visit.release.missing(name, status), visit.edit)
        return page.coded(visit.request.headers.get(codings.HEADER)).ok
    visit.page = visit.release.dress(visit.release.page(name), visit.edit)
    return None


def _find_file(visit: Visit) -> Reply | None:
    if visit.page is not None:
        return None
    release = visit.release
    found = release.resolve(release.entries, visit.address)
    if isinstance(found, Hop):
        return _move(visit, found)
    if found is not None:
        visit.page = release.dress(release.page(found.name), visit.edit)
        _remember(visit, visit.page)
    return None


def _look_back(visit: Visit) -> None:
    """Somebody's tab is older than the deploy: what it goes on loading is looked for in earlier ones."""
    if visit.page is None and visit.release.grace and not visit.address.slash:
        former = visit.release.former(visit.address.key)
        visit.page = former and visit.release.dress(former, visit.edit)


def _fall_back(visit: Visit) -> None:
    """A single-page application answers for what is not there; whether it does depends on who asks."""
    name = visit.release.fallback
    if visit.page is None and name is not None and is_visit(visit.address, visit.request.context):
        edit = replace(visit.edit, vary=(*visit.edit.vary, FETCH_MODE))
        visit.page = visit.release.dress(visit.release.page(name), edit)


def _choose_coding(visit: Visit) -> None:
    """Parts are always of the file as it is: a client joins them from several answers, whatever each accepts."""
    if visit.page is not None and not _asks_for_part(visit.request):
        visit.page = visit.page.coded(visit.request.headers.get(codings.HEADER))


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


STEPS: tuple[Step, ...] = (
    _check_prefix,
    _check_method,
    _read_target,
    _consult_rules,
    _find_file,
    _obey_rule,
    _look_back,
    _fall_back,
    _choose_coding,
    _check_conditions,
    _send_file,
)


def not_found(visit: Visit) -> Reply:
    """The answer when no step has one."""
    name = nearest(visit.release.entries, visit.address, _NOT_FOUND_PAGE)
    if name is None:
        return _edited(visit, _own_page(visit, 404))
    page = visit.release.dress(visit.release.missing(name), visit.edit)
    return page.coded(visit.request.headers.get(codings.HEADER)).ok


def _part(request: Request, page: Page) -> Reply | None:
    """The 206, when a range is asked for."""
    wanted, if_range = request.headers.get(b"range"), request.headers.get(b"if-range")
    if wanted is None or not _asks_for_part(request):
        return None
    if if_range is not None and not conditional.same_version(if_range, page):
        return None
    whole = page.content
    span = read_range(wanted, whole.length)
    if span is None:
        return None
    last = span.offset + span.length - 1
    fields = (*page.fields, (b"content-range", b"bytes %d-%d/%d" % (span.offset, last, whole.length)))
    return make_reply(206, fields, part=replace(whole, offset=whole.offset + span.offset, length=span.length))


def _asks_for_part(request: Request) -> bool:
    return b"range" in request.headers and request.method == b"GET"  # on others it means nothing (RFC 9110, 14.2)


def _move(visit: Visit, hop: Hop) -> Reply:
    """A redirect inside the site; the query goes along as it was sent."""
    location = safe_location(write_path(hop.to)).encode("ascii")
    if visit.query:
        location += b"?" + visit.query
    return _redirect(visit, hop.status, location)


def _redirect(visit: Visit, status: int, location: bytes) -> Reply:
    fields = ((b"location", location), REVALIDATE, *visit.release.always)
    return make_reply(status, visit.edit.apply(status, fields))


def _fetch(visit: Visit, url: bytes) -> Reply:
    """What another host says to the same request, for the lane to ask."""
    return Reply(200, visit.edit.apply(200, visit.release.always), b"", upstream=url)


def _edited(visit: Visit, reply: Reply) -> Reply:
    """One of our own pages with the site's header fields."""
    if visit.edit == NO_EDIT:
        return reply
    fields = tuple(field for field in reply.fields if field[0] != b"content-length")
    return make_reply(reply.status, visit.edit.apply(reply.status, fields), reply.body)


def _remember(visit: Visit, page: Page) -> None:
    """Spare the next visitor the search. Only the canonical spelling is kept: others have no end."""
    path = visit.request.target.partition(b"?")[0]
    if visit.lasting and path == write_path(visit.address).encode("ascii"):
        visit.release.ready[path] = page


def _own_page(visit: Visit, status: int, *extra: Field) -> Reply:
    return page_reply(status, *extra, always=visit.release.always)
