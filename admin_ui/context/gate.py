"""What the page of a site's gate shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from admin_ui.context.common import PER_PAGE, Choice, Pager, pager
from admin_ui.context.deploys import site_href
from admin_ui.words import Moment, moment, t
from appliance.gates import COVERS, GateFacts, LinkFacts

LIFETIMES = ("3600", "86400", "604800", "2592000", "31536000")  # seconds


@dataclass(frozen=True, slots=True)
class Link:
    """A share link that is good, without its secret."""

    label: str
    made: Moment
    ends: Moment
    revoke_href: str


@dataclass(frozen=True, slots=True)
class GatePage:
    """What a site's gate covers, and what opens it. `new_link` and `new_token` are shown this once."""

    title: str
    name: str
    site_href: str
    href: str
    covers: str
    has_password: bool
    has_bypass: bool
    forced: bool
    shut: bool  # nobody gets in
    links: list[Link]
    pages: Pager
    count: str
    password_length: int
    refusal: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    new_link: str = ""
    new_token: str = ""
    choices: Sequence[Choice] = field(default_factory=lambda: [Choice(each, t(f"covers.{each}")) for each in COVERS])
    lifetimes: Sequence[Choice] = field(
        default_factory=lambda: [Choice(each, t(f"lifetimes.{each}")) for each in LIFETIMES]
    )


def gate_href(site: str) -> str:
    """The page of a site's gate."""
    return f"{site_href(site)}/gate"


def gate_page(site: str, gate: GateFacts, password_length: int, page: int = 1) -> GatePage:
    """From a gate's facts; `page` is one of its links, the newest first."""
    links = gate.links[::-1]
    keys = gate.has_password or gate.has_bypass or links
    return GatePage(
        title=t("gate.title", site=site),
        name=site,
        site_href=site_href(site),
        href=gate_href(site),
        covers=gate.covers,
        has_password=gate.has_password,
        has_bypass=gate.has_bypass,
        forced=gate.forced,
        shut=(gate.forced or gate.covers == "everything") and not keys,
        links=[_link(site, link) for link in links[(page - 1) * PER_PAGE : page * PER_PAGE]],
        pages=pager(gate_href(site), page, len(links)),
        count=t("gate.count", count=len(links)),
        password_length=password_length,
    )


def _link(site: str, link: LinkFacts) -> Link:
    return Link(
        link.label or link.id, moment(link.created_at), moment(link.expires_at), f"{gate_href(site)}/links/{link.id}"
    )
