"""What the page shows that explains an address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from admin_ui.context.common import readable
from admin_ui.context.inside import Heading, heading
from admin_ui.words import t
from appliance.deploys import DeployFacts
from appliance.explain import BROWSER, Explained, Visitor
from appliance.serving.explain import BlockUsed, RuleUsed

MOST = {"url": 1_400, "accept_encoding": 350, "language": 350, "cookie": 350, "country": 2}  # characters, as in the API


@dataclass(frozen=True, slots=True)
class Asked:
    """The question: a path of the deploy or a whole address of its site, and what a visitor would send."""

    url: str = ""
    accept_encoding: str = BROWSER
    language: str = ""
    cookie: str = ""
    country: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        """From the fields of a query, as long as they may be."""
        given = {name: query[name].strip()[:most] for name, most in MOST.items() if name in query}
        return cls(**given)

    @property
    def visitor(self) -> Visitor:
        """What the answer may depend on."""
        return Visitor(self.accept_encoding, self.language, self.cookie, self.country)

    def address(self, base: str) -> str:
        """The whole address, where `base` is that of the deploy."""
        return self.url if "://" in self.url else f"{base.rstrip('/')}/{self.url.lstrip('/')}"


@dataclass(frozen=True, slots=True)
class Used:
    """A rule or a block: where it stands and what it says, and why it is not the one."""

    place: str
    text: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken, and what it came to."""

    step: str
    said: str
    answered: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """Why an address is answered as it is."""

    url: str
    status: int
    deploy: str
    file: str
    rule: Used | None
    passed_over: Sequence[Used]
    blocks: Sequence[Used]
    caching: str
    coding: str
    codings: str
    guard: str
    headers: Sequence[tuple[str, str]]
    steps: Sequence[Taken]


@dataclass(frozen=True, slots=True)
class ExplainPage:
    """The question, and the answer where one was asked."""

    title: str
    heading: Heading
    asked: Asked
    example: str
    answer: Answer | None
    refusal: str = ""


def explain_page(deploy: DeployFacts, asked: Asked, found: Explained | None, refusal: str = "") -> ExplainPage:
    """From what was asked of a deploy, and what was found."""
    head = heading(deploy, "explain.title")
    answer = _answer(asked.address(deploy.deploy_url), found) if found else None
    return ExplainPage(head.title, head, asked, deploy.deploy_url, answer, refusal)


def _answer(url: str, found: Explained) -> Answer:
    of = found.explanation
    return Answer(
        url=url,
        status=of.status,
        deploy=t("explain.deploy_own" if found.preview else "explain.deploy_live", number=found.number),
        file=readable(of.file or ""),
        rule=_rule(of.rule) if of.rule else None,
        passed_over=[_rule(one) for one in of.passed_over],
        blocks=[_block(one) for one in of.blocks],
        caching=t(f"explain.caching_as.{of.caching}"),
        coding=of.coding or t("explain.as_it_is"),
        codings=t("explain.codings", codings=", ".join(of.codings)) if of.codings else "",
        guard=t(f"explain.guard_as.{of.guard}") if of.guard else "",
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in of.headers],
        steps=[Taken(_step(one.step), one.said, one.answered) for one in of.steps],
    )


def _step(step: str) -> str:
    return t(f"explain.step_as.{step.replace(' ', '_')}")


def _rule(rule: RuleUsed) -> Used:
    text = f"{rule.path} {rule.to} {rule.status}{'!' if rule.force else ''}"
    return Used(f"{rule.file}:{rule.line}", text, t(f"explain.why_not.{rule.why_not}") if rule.why_not else "")


def _block(block: BlockUsed) -> Used:
    said = [t("explain.sets", names=", ".join(block.sets))] if block.sets else []
    said += [t("explain.drops", names=", ".join(block.drops))] if block.drops else []
    return Used(f"{block.file}:{block.line}", block.path, "; ".join(said))
