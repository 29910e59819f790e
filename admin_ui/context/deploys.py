"""What pages show of deploys."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from admin_ui.context.common import limit_words
from admin_ui.told import told
from admin_ui.words import Moment, bare, counted, moment, number, seconds, size, t
from appliance.deploys import DeployFacts, Failure
from appliance.detections import OfferFacts
from appliance.progress import STEPS, StepFacts
from appliance.storage.manifest import Found

STATIC = "static"  # the answer that builds nothing


@dataclass(frozen=True, slots=True)
class State:
    """A deploy's state: a word for people, and the kind its badge is coloured by."""

    word: str
    kind: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something one may do: the link to it, the question it asks, and the button that answers."""

    href: str
    label: str
    question: str
    button: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a deploy as shown; `percent` is of its progress bar, None where nobody knows."""

    name: str
    label: str
    state: str
    state_word: str
    percent: int | None
    figure: str


def step(facts: StepFacts) -> Step:
    """From a step's facts."""
    percent = 100 if facts.state == "done" else _percent(facts)
    figure = seconds(facts.seconds) if facts.state == "done" else ""
    if facts.state == "running" and percent is not None:
        figure = f"{percent} %"
    return Step(
        facts.name,
        t(f"scripts.steps.{facts.name}"),
        facts.state,
        t(f"scripts.step_states.{facts.state}"),
        percent,
        figure,
    )


def waiting_steps() -> list[Step]:
    """The steps before anything has happened: what scripts fill in."""
    return [step(StepFacts(name)) for name in STEPS]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something found in a deploy, and where."""

    message: str
    where: str


def problems(found: Sequence[Found]) -> list[Problem]:
    """From what was found; the path is said only where the sentence does not."""
    return [Problem(one.message, _where(one)) for one in found]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a deploy came to nothing, with the limit that was hit, if one was, and the last lines of its log."""

    detail: str
    limit: str
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Offer:
    """One answer to a question: its button, and what would be run."""

    generator: str
    base: str
    label: str
    why: str
    commands: list[str]
    output: str


@dataclass(frozen=True, slots=True)
class Question:
    """What an upload was taken for, and the answers there are."""

    why: str
    offers: list[Offer]
    action: str


@dataclass(frozen=True, slots=True)
class AliasAddress:
    """A name that leads to a deploy for now, and its address."""

    name: str
    url: str
    host: str


@dataclass(frozen=True, slots=True)
class DeployRow:
    """A deploy in a site's list. A link is empty where there is nothing it could lead to."""

    number: int
    href: str
    made: Moment
    author: str
    message: str
    size: str
    files: str
    state: State
    live: bool
    deploy_url: str
    publish: Act | None
    redeploy: Act | None
    aliases: list[AliasAddress]
    branch: str
    added: str
    compare: str
    download: str
    version: str
    delete: str


def deploy_row(deploy: DeployFacts, live: int | None) -> DeployRow:
    """From a deploy's facts; `live` is the number of the site's live deploy."""
    ready = deploy.state == "ready"
    return DeployRow(
        number=deploy.number,
        href=deploy_href(deploy.id),
        made=moment(deploy.created_at),
        author=_author(deploy),
        message=deploy.message,
        size=size(deploy.bytes) if ready else "",
        files=number(deploy.files) if ready else "",
        state=deploy_state(deploy),
        live=deploy.live,
        deploy_url=deploy.deploy_url if ready else "",
        publish=publish_act(deploy, live),
        redeploy=redeploy_act(deploy),
        aliases=_aliases(deploy),
        branch=deploy.branch or "",
        added=size(deploy.bytes_added) if ready and deploy.bytes_added is not None else "",
        compare=_compare(deploy, live),
        download=f"/api/v1{deploy_href(deploy.id)}/download" if ready else "",
        version=f"{deploy_href(deploy.id)}/version" if ready else "",
        delete=f"{deploy_href(deploy.id)}/delete" if deploy.is_finished and not deploy.live else "",
    )


def _compare(deploy: DeployFacts, live: int | None) -> str:
    """Where it is compared with what is live, the older of the two first."""
    if deploy.state != "ready" or deploy.live or live is None:
        return ""
    before, after = sorted((live, deploy.number))
    return f"{site_href(deploy.site)}/diff?before={before}&after={after}"


def publish_act(deploy: DeployFacts, live: int | None) -> Act | None:
    """Making a deploy live: going back when a newer one is."""
    if deploy.state != "ready" or deploy.live:
        return None
    back = live is not None and deploy.number < live
    kind = "roll_back" if back else "publish"
    question = t(f"acts.{kind}_question", number=deploy.number)
    return Act(f"{deploy_href(deploy.id)}/publish", t(f"acts.{kind}_this"), question, t(f"acts.{kind}"))


def redeploy_act(deploy: DeployFacts) -> Act | None:
    """Making another deploy of its files, with the site's options of today."""
    if deploy.state != "ready":
        return None
    button = t("acts.redeploy")
    return Act(f"{deploy_href(deploy.id)}/redeploy", button, t("acts.redeploy_question", number=deploy.number), button)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a deploy's log and the time of day it was written, UTC."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class DeployPage:
    """One deploy with its steps and what came of it."""

    title: str
    id: str
    site: str
    site_href: str
    url: str
    host: str
    deploy_url: str
    deploy_host: str
    href: str
    state: State
    live: bool
    finished: bool  # or asks: nothing changes by itself
    made: Moment
    author: str
    message: str
    files: str
    size: str
    sent: str
    steps: list[Step]
    problems: list[Problem]
    error: Refusal | None
    log: list[LogLine]
    publish: Act | None
    redeploy: Act | None
    question: Question | None
    cancel: Act | None
    built_with: str
    again_of: str
    aliases: list[AliasAddress]


def deploy_page(deploy: DeployFacts, live: int | None, log: list[LogLine]) -> DeployPage:
    """From a deploy's facts, the number of the site's live deploy, and its log."""
    ready = deploy.state == "ready"
    return DeployPage(
        title=t("deploy.title", number=deploy.number, site=deploy.site),
        id=deploy.id,
        site=deploy.site,
        site_href=site_href(deploy.site),
        url=deploy.url,
        host=bare(deploy.url),
        deploy_url=deploy.deploy_url if ready else "",
        deploy_host=bare(deploy.deploy_url),
        href=deploy_href(deploy.id),
        state=deploy_state(deploy),
        live=deploy.live,
        finished=deploy.is_finished or deploy.state == "asking",
        made=moment(deploy.created_at),
        author=_author(deploy),
        message=deploy.message,
        files=counted(deploy.files, "file") if ready else "",
        size=size(deploy.bytes),
        sent=_sent(deploy),
        steps=[step(one) for one in deploy.steps],
        problems=problems(deploy.problems),
        error=_refusal(deploy.error),
        log=log,
        publish=publish_act(deploy, live),
        redeploy=redeploy_act(deploy),
        question=_question(deploy),
        cancel=cancel_act(deploy),
        built_with=_built_with(deploy),
        again_of=t("deploy.again_of", number=deploy.again_of) if deploy.again_of else "",
        aliases=_aliases(deploy),
    )


def cancel_act(deploy: DeployFacts) -> Act | None:
    """Calling a deploy off, as long as it is not finished."""
    if deploy.is_finished:
        return None
    button = t("acts.cancel")
    return Act(f"{deploy_href(deploy.id)}/cancel", button, t("acts.cancel_question", number=deploy.number), button)


def deploy_href(deploy: str) -> str:
    """A deploy's page."""
    return f"/deploys/{quote(deploy, safe='')}"


def site_href(site: str) -> str:
    """A site's page."""
    return f"/sites/{quote(site, safe='')}"


def _refusal(error: Failure | None) -> Refusal | None:
    return Refusal(error.detail, limit_words(error.limit), error.lines) if error else None


def _question(deploy: DeployFacts) -> Question | None:
    if deploy.state != "asking" or deploy.detection is None:
        return None
    offers = [_offer(offer) for offer in deploy.detection.offers if offer.generator != STATIC]
    return Question(deploy.detection.why, offers, f"{deploy_href(deploy.id)}/answer")


def _offer(offer: OfferFacts) -> Offer:
    label = t("question.build_in" if offer.base else "question.build", generator=told(offer.title), folder=offer.base)
    output = f"{offer.output[0]}/" if offer.output else ""
    return Offer(offer.generator, offer.base, label, offer.why, offer.commands, output)


def _sent(deploy: DeployFacts) -> str:
    """What a visitor who gets every file is sent; nothing where that is all of it, or not known."""
    if deploy.state != "ready" or not deploy.bytes_saved:
        return ""
    saved = "deploy.less_than_built" if deploy.generator else "deploy.less_than_uploaded"
    return t(saved, sent=size(deploy.bytes - deploy.bytes_saved), saved=size(deploy.bytes_saved))


def _built_with(deploy: DeployFacts) -> str:
    """The generator's title, as it was offered."""
    offers = deploy.detection.offers if deploy.detection else []
    return next((told(offer.title) for offer in offers if offer.generator == deploy.generator), deploy.generator or "")


def _aliases(deploy: DeployFacts) -> list[AliasAddress]:
    return [AliasAddress(each.name, each.url, bare(each.url)) for each in deploy.aliases]


def _author(deploy: DeployFacts) -> str:
    return deploy.author or t("common.gone")


def deploy_state(deploy: DeployFacts) -> State:
    """The word for a deploy's state, and its kind."""
    if deploy.live:
        return State(t("states.live"), "live")
    if deploy.draft and deploy.state == "ready":
        return State(t("states.draft"), "draft")
    return State(t(f"states.{deploy.state}"), deploy.state)


def _percent(facts: StepFacts) -> int | None:
    """How far a step has come; of one that runs and consists of one thing, such as a command, nobody knows."""
    if facts.state == "running" and facts.total <= 1:
        return None
    return min(100, 100 * facts.done // facts.total) if facts.total else 0


def _where(one: Found) -> str:
    path = "" if one.path is None or one.path in one.message else one.path
    return t("deploy.line", path=path, line=one.line).strip() if one.line else path
