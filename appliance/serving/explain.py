"""Why an address is answered as it is: the engine's own steps, watched while they make the answer."""

from dataclasses import dataclass, field, fields
from typing import Literal

from appliance.serving.engine import STEPS, Request, Visit, not_found
from appliance.serving.explain_words import Moment, said
from appliance.serving.grace import find
from appliance.serving.release import Release
from appliance.serving.replies import NO_STORE, REVALIDATE, Fields, Reply
from appliance.serving.represent import FOR_EVER, Page
from appliance.serving.rules.compiled import Asked
from appliance.serving.rules.edits import NO_EDIT, Edit
from appliance.serving.unlock import private
from appliance.storage.rules import HeaderBlock, Redirect

Caching = Literal["immutable", "revalidate", "private", "no-store", "own", "none"]
"""`own` was set by the site's header rules; `none` says nothing."""

Guard = Literal["", "gate", "lock"]
"""What asks a visitor who they are: the site's gate, or a lock that its rules put on the path."""

Why = Literal["", "host", "query", "condition", "file", "target"]
"""What keeps a rule from applying: the request, a file that is there, or that its target is not."""

_CACHE_CLASSES: dict[bytes, Caching] = {
    FOR_EVER[1]: "immutable",
    REVALIDATE[1]: "revalidate",
    NO_STORE[1]: "no-store",
}


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step of the engine, what it came to as a sentence, and whether it gave the answer."""

    step: str
    said: str
    answered: bool


@dataclass(frozen=True, slots=True)
class RuleUsed:
    """A redirect or rewrite of the site, where it stands, and what keeps it from applying."""

    file: str
    line: int
    path: str
    to: str
    status: int
    force: bool
    why_not: Why = ""


@dataclass(frozen=True, slots=True)
class BlockUsed:
    """A block of header fields, where it stands, and the names of what it sets and takes off, in lower case."""

    file: str
    line: int
    path: str
    sets: list[str]
    drops: list[str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """An answer, and what it came from.

    `file` is the one it is about, `coding` the one it is sent in ("" as it is), `codings` those it has forms in.
    `rule` gave the answer; `passed_over` stood before it, or could have given it. `guard` stands before all of this.
    """

    status: int
    headers: Fields
    file: str | None
    rule: RuleUsed | None
    passed_over: list[RuleUsed]
    blocks: list[BlockUsed]
    caching: Caching
    coding: str
    codings: list[str]
    guard: Guard
    steps: list[StepTaken]


@dataclass(frozen=True, slots=True, eq=False)
class _Watched(Release):
    """A release that remembers which file it was last asked for."""

    used: list[str] = field(default_factory=list)

    def page(self, name: str) -> Page:
        self.used.append(name)
        return Release.page(self, name)

    def missing(self, name: str, status: int = 404) -> Page:
        self.used.append(name)
        return Release.missing(self, name, status)

    def former(self, path: str) -> Page | None:
        page = Release.former(self, path)
        if page is not None:
            self.used.append(path)
        return page


@dataclass(slots=True)
class _Walk:
    """What watching the steps has brought."""

    visit: Visit
    reply: Reply
    rule: Redirect | None
    steps: list[StepTaken]


def explain(request: Request, release: Release) -> Explanation:
    """Explain the answer to a request, as somebody gets it who has passed whatever stands before the site.

    All steps are taken: what is ready for visitors of this address is no short cut here, and does not become ready.
    """
    own = {one.name: getattr(release, one.name) for one in fields(Release)}
    watched = _Watched(**own | {"ready": {}, "entrance": None})
    walk = _watch(Visit(request, watched))
    guard = _guard(request, release)
    reply = private(walk.reply) if guard else walk.reply
    page = walk.visit.page
    made_with = page.fields if page is not None and reply.status == 304 else reply.fields
    name = watched.used[-1] if watched.used else None
    return Explanation(
        status=reply.status,
        headers=reply.fields,
        file=name,
        rule=_rule(walk.rule) if walk.rule else None,
        passed_over=_passed_over(walk),
        blocks=_blocks(walk.visit),
        caching=_caching(reply, walk.visit.edit),
        coding=dict(made_with).get(b"content-encoding", b"").decode("ascii"),
        codings=_codings(watched, name),
        guard=guard,
        steps=walk.steps,
    )


def _watch(visit: Visit) -> _Walk:
    steps: list[StepTaken] = []
    rule: Redirect | None = None
    for step in (*STEPS, not_found):
        had_page = visit.page is not None
        reply = step(visit)
        moment = Moment(visit, reply, had_page)
        rule = rule or moment.obeyed(step)
        name = step.__name__.removeprefix("_")
        steps.append(StepTaken(name.replace("_", " "), said(name, moment), reply is not None))
        if reply is not None:
            break
    assert reply is not None  # noqa: S101 - the last one always answers
    return _Walk(visit, reply, rule, steps)


def _guard(request: Request, release: Release) -> Guard:
    """What stops a visitor who has shown nothing."""
    entrance = release.entrance
    if entrance is None or not entrance.refuses(request.target, {}):
        return ""
    return "gate" if entrance.gate is not None else "lock"


def _rule(redirect: Redirect, why_not: Why = "") -> RuleUsed:
    one = redirect
    return RuleUsed(one.file, one.line, one.path, one.to, one.status, one.force, why_not)


def _passed_over(walk: _Walk) -> list[RuleUsed]:
    visit, rules = walk.visit, walk.visit.release.rules
    if rules is None or not any(one.step == "consult rules" for one in walk.steps):
        return []
    asked = Asked(visit.address, visit.query, visit.request.host, visit.request.context)
    passed = [_rule(redirect, obstacle) for redirect, obstacle in rules.passed_over(asked)]
    ruled = visit.ruling.rule
    if ruled is None or walk.rule is not None:
        return passed
    by_file = visit.page is not None or walk.reply.status < 400
    return [*passed, _rule(ruled.redirect, "file" if by_file and not ruled.redirect.force else "target")]


def _blocks(visit: Visit) -> list[BlockUsed]:
    blocks: list[HeaderBlock] = []
    if visit.edit != NO_EDIT and visit.release.rules is not None:
        visit.release.rules.edit(visit.address, visit.request.host, blocks)
    return [BlockUsed(one.file, one.line, one.path, [name for name, _ in one.fields], list(one.drop)) for one in blocks]


def _caching(reply: Reply, edit: Edit) -> Caching:
    value = dict(reply.fields).get(b"cache-control")
    if value is None:
        return "none"
    if value == dict(edit.fields).get(b"cache-control"):
        return "own"
    return _CACHE_CLASSES.get(value, "private" if b"private" in value else "own")


def _codings(release: Release, name: str | None) -> list[str]:
    kept = find(release.grace, name or "")
    entry = release.entries.get(name or "") or (kept and kept.entry)
    return [variant.coding for variant in entry.variants] if entry else []
