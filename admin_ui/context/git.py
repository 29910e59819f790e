"""What the page of a site's repository shows."""

from dataclasses import dataclass, field, replace

from admin_ui.context.deploys import deploy_href, deploy_state, site_href
from admin_ui.words import Moment, moment, t
from appliance.deploys import DeployFacts
from appliance.git.sources import NewSecret, SetSource, SourceFacts


@dataclass(frozen=True, slots=True)
class LastFetch:
    """What the last fetch came to; `detail` says why it failed."""

    state: str
    failed: bool
    detail: str
    branch: str
    commit: str
    deploy_href: str
    at: Moment | None
    under_way: bool  # the fetch, or the deploy it became: the page is shown anew until they are over
    deploy_state: str


@dataclass(frozen=True, slots=True)
class Fields:
    """What stands in the form: what is set, or what was typed and refused. A token is not shown again."""

    url: str = ""
    branch: str = ""
    folder: str = ""
    username: str = ""
    previews: bool = True


@dataclass(frozen=True, slots=True)
class GitPage:
    """Where a site is deployed from. `secret` is shown this once."""

    title: str
    name: str
    site_href: str
    href: str
    source: SourceFacts | None
    fetch: LastFetch | None
    fields: Fields
    secret: NewSecret | None = None
    refusal: str = ""
    faults: dict[str, str] = field(default_factory=dict)


def git_href(site: str) -> str:
    """The page of a site's repository."""
    return f"{site_href(site)}/git"


def git_page(site: str, source: SourceFacts | None, deploy: DeployFacts | None = None) -> GitPage:
    """From a repository's facts, or for a site that has none, and the deploy of the last fetch if it is there."""
    title, fetch = t("git.title", site=site), _fetch(source, deploy)
    return GitPage(title, site, site_href(site), git_href(site), source, fetch, _fields(source) if source else Fields())


def as_typed(page: GitPage, typed: SetSource) -> GitPage:
    """The page with what somebody typed, which was refused, to be mended there."""
    return replace(page, fields=_fields(typed))


def _fields(source: SourceFacts | SetSource) -> Fields:
    return Fields(source.url, source.branch, source.folder, source.username, source.previews)


def _fetch(source: SourceFacts | None, deploy: DeployFacts | None) -> LastFetch | None:
    if source is None or not source.state:
        return None
    under_way = deploy is not None and not (deploy.is_finished or deploy.state == "asking")
    return LastFetch(
        state=t(f"git_states.{source.state}"),
        failed=source.state == "failed",
        detail=source.detail,
        branch=source.fetched_branch,
        commit=source.commit[:12],
        deploy_href=deploy_href(source.deploy) if source.deploy else "",
        at=moment(source.changed_at) if source.changed_at else None,
        under_way=source.state == "fetching" or under_way,
        deploy_state=deploy_state(deploy).word if deploy else "",
    )
