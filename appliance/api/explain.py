"""Explain: which deploy, rule, file, header blocks, caching and coding make the answer at an address."""

from typing import Annotated

import msgspec
from quart import Blueprint

from appliance.actor import Actor
from appliance.api.edge import endpoint
from appliance.errors import Invalid, NotFound
from appliance.explain import BROWSER, Explainer, Visitor
from appliance.serving.explain import BlockUsed, Caching, Guard, RuleUsed, StepTaken

# Together, each character up to 12 bytes of the query, these fit into the largest request head (head_size, 32 KiB).
Header = Annotated[str, msgspec.Meta(max_length=350)]


class ExplainQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The address, and the headers a visitor would send with it; an empty one is not sent."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=1_400, description="an address of the site, whole")]
    accept_encoding: Header = BROWSER
    language: Header = ""
    cookie: Header = ""
    country: Annotated[str, msgspec.Meta(max_length=2, description="where the visitor is, such as DE")] = ""


class HeaderField(msgspec.Struct, frozen=True):
    """A header field of the answer, its name in lower case."""

    name: str
    value: str


class AnswerExplained(msgspec.Struct, frozen=True):
    """The answer at an address, and what it comes from.

    `file` is the one it is about, `rule` the redirect or rewrite that gave it; `passed_over` are those that match the
    path and do not apply, each with what keeps it (`why_not`: the request's host, query or a condition, a file that is
    there, or a target that is not). `blocks` set or take off header fields. `caching` is the class of its
    Cache-Control: `own` was set by the site. `coding` is the one it is sent in, "" for the file as it is; `codings` are
    those it could be had in. `guard` stands before it: the site's `gate`, or a `lock` of its rules.
    """

    deploy: str
    number: int
    preview: bool
    status: int
    headers: list[HeaderField]
    file: str | None
    rule: RuleUsed | None
    passed_over: list[RuleUsed]
    blocks: list[BlockUsed]
    caching: Caching
    coding: str
    codings: list[str]
    guard: Guard
    steps: list[StepTaken]


def blueprint(explainer: Explainer) -> Blueprint:
    """The routes."""
    api = Blueprint("api_explain", __name__)

    @endpoint(api, "/sites/<name>/explain", query=ExplainQuery, reply=AnswerExplained, errors=(NotFound, Invalid))
    async def explain_answer(*, actor: Actor, name: str, query: ExplainQuery) -> AnswerExplained:
        """Explain why an address of a site is answered as it is.

        It is what somebody gets who has passed the gate, where the site has one.
        """
        visitor = Visitor(query.accept_encoding, query.language, query.cookie, query.country)
        found = await explainer.explain(actor, name, query.url, visitor)
        of = found.explanation
        return AnswerExplained(
            deploy=found.deploy,
            number=found.number,
            preview=found.preview,
            status=of.status,
            headers=[HeaderField(field.decode("latin-1"), value.decode("latin-1")) for field, value in of.headers],
            file=_shown(of.file),
            rule=of.rule,
            passed_over=of.passed_over,
            blocks=of.blocks,
            caching=of.caching,
            coding=of.coding,
            codings=of.codings,
            guard=of.guard,
            steps=of.steps,
        )

    return api


def _shown(name: str | None) -> str | None:
    """A file's name as JSON can hold it: one that is no Unicode has marks in place of what is none."""
    return name and name.encode("utf-8", "replace").decode("utf-8")
