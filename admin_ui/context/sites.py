"""What pages show of sites: the list, one site, its settings."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from admin_ui.context.checklist import Point
from admin_ui.context.ci import Snippet
from admin_ui.context.common import Choice, Pager
from admin_ui.context.deploy_list import DeployTable
from admin_ui.context.deploys import State, Step, deploy_href, site_href, waiting_steps
from admin_ui.context.figures import Spark, spark
from admin_ui.context.usage import SiteStorage
from admin_ui.words import Moment, bare, moment, number, said, size, t
from appliance.gates import GateFacts
from appliance.settings import Settings
from appliance.sites import LatestFacts, LiveFacts, SiteFacts
from appliance.storage.manifest import Options

CHECKED_FIRST = ("upload_size", "unpacked_size", "file_size", "entries", "path_length", "path_depth")
UNDO_FOR = timedelta(minutes=10)  # after something went live that is offered; js/upload_card.js offers it as long
SETTLED = ("ready", "expired")  # states of a deploy that nobody has to be told of in the list of sites


@dataclass(frozen=True, slots=True)
class LiveDeploy:
    """Which deploy visitors get, since when."""

    number: int
    since: Moment
    undo: str = ""  # where it is taken back, while that is offered


@dataclass(frozen=True, slots=True)
class LatestDeploy:
    """The newest deploy, and its state where that is worth a word."""

    number: int
    href: str
    made: Moment
    state: State | None


@dataclass(frozen=True, slots=True)
class SiteCard:
    """A site with its address; `owner` is empty where it goes without saying."""

    name: str
    href: str
    url: str
    host: str
    owner: str
    live: LiveDeploy | None
    latest: LatestDeploy | None
    state: State
    deploys: str
    visits: Spark | None = None


def site_card(site: SiteFacts, *, with_owner: bool = False, visits: Sequence[int] = ()) -> SiteCard:
    """From a site's facts, and its visits by day."""
    return SiteCard(
        name=site.name,
        href=site_href(site.name),
        url=site.url,
        host=bare(site.url),
        owner=site.owner if with_owner else "",
        live=_live(site.live) if site.live else None,
        latest=_latest(site.latest) if site.latest else None,
        state=_state(site),
        deploys=number(site.deploys),
        visits=spark(visits),
    )


def _live(live: LiveFacts) -> LiveDeploy:
    is_new = live.how not in {"undo", "expire"} and datetime.now(UTC) - live.published_at < UNDO_FOR
    return LiveDeploy(live.number, moment(live.published_at), f"{deploy_href(live.deploy)}/undo" if is_new else "")


def _state(site: SiteFacts) -> State:
    if site.live is None:
        return State(t("states.nothing"), "draft")
    return State(t("states.locked"), "locked") if site.locked else State(t("states.live"), "live")


def _latest(latest: LatestFacts) -> LatestDeploy:
    worth_a_word = latest.state not in SETTLED
    state = State(t(f"states.{'under_way' if latest.state == 'queued' else latest.state}"), latest.state)
    shown = state if worth_a_word else None
    return LatestDeploy(latest.number, deploy_href(latest.deploy), moment(latest.created_at), shown)


@dataclass(frozen=True, slots=True)
class DropZone:
    """Where uploads go: for whom, the most that is taken in words, what scripts hold an upload against, the steps."""

    site: str
    action: str
    most_words: str
    limits: str
    steps: list[Step] = field(default_factory=waiting_steps)


def drop_zone(settings: Settings, site: str = "") -> DropZone:
    """For a site, or for one that is still to be named."""
    action = f"{site_href(site)}/deploys" if site else ""
    limits = {name: int(getattr(settings, name)) for name in CHECKED_FIRST}
    return DropZone(site, action, size(settings.upload_size), json.dumps(limits))


@dataclass(frozen=True, slots=True)
class SitesPage:
    """The list of sites and the form for a new one."""

    rows: list[SiteCard]
    pages: Pager
    zone: DropZone
    find: str = ""
    searchable: bool = False
    deleted: str = ""
    warning: str = ""
    name: str = ""
    name_rule: str = said("sites.name_rule")
    refusal: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    checklist: Sequence[Point] = ()
    title: str = said("sites.title")


@dataclass(frozen=True, slots=True)
class Preview:
    """What of the live site is shown in a frame: its address and deploy, or why it is not.

    With an address and a reason, the site can be looked at, but not in a frame.
    """

    url: str
    instead: str = ""
    deploy: str = ""


def preview(site: SiteFacts, gate: GateFacts, *, is_refused: bool = False) -> Preview:
    """Of a site: nothing where nothing is live, or where its visitors have to prove who they are.

    `is_refused` says that it forbids to be framed by the admin: a browser would show a picture of a broken page.
    """
    if site.live is None:
        return Preview("", t("preview.nothing"))
    if gate.forced or gate.covers == "everything":
        return Preview("", t("preview.gated"))
    return Preview(site.url, t("preview.refused") if is_refused else "", site.live.deploy)


@dataclass(frozen=True, slots=True)
class SitePage:
    """One site: its address and what is seen there, its traffic, where to drop, its deploys.

    Of the newest deploy the steps, and why it failed, if it did.
    """

    title: str
    site: SiteCard
    preview: Preview
    traffic: str
    visits: Spark | None
    figures_href: str
    zone: DropZone
    deploys: DeployTable
    storage: SiteStorage
    latest_steps: Sequence[Step] = ()
    latest_error: str = ""
    commands: Sequence[Snippet] = ()


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member of a site."""

    email: str
    since: Moment


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """A site's options, and its end."""

    title: str
    name: str
    site_href: str
    deploys: str
    kept: str
    options: Options
    html_modes: Sequence[Choice]
    dialects: Sequence[Choice]
    owner: str
    is_owner: bool
    members: Sequence[MemberRow]
    member_email: str = ""
    member_refusal: str = ""
    snippet: str = ""
    refusal: str = ""
    faults: dict[str, str] = field(default_factory=dict)
