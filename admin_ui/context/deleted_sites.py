"""What the page of deleted sites shows."""

from dataclasses import dataclass

from admin_ui.context.common import ConfirmPage, Pager
from admin_ui.words import Moment, counted, moment, said, t
from appliance.removals import DeletedFacts

DELETED = "/deleted-sites"


@dataclass(frozen=True, slots=True)
class DeletedRow:
    """A site that can be restored; `owner` is empty where it goes without saying."""

    name: str
    owner: str
    by: str
    deleted: Moment
    until: Moment
    deploys: str
    restore: str
    end: str


@dataclass(frozen=True, slots=True)
class DeletedPage:
    """The deleted sites, the last one first."""

    rows: list[DeletedRow]
    pages: Pager
    title: str = said("deleted_sites.title")


def deleted_row(site: DeletedFacts, *, with_owner: bool) -> DeletedRow:
    """From a deleted site's facts."""
    return DeletedRow(
        name=site.name,
        owner=site.owner if with_owner else "",
        by=site.by or "",
        deleted=moment(site.deleted_at),
        until=moment(site.until),
        deploys=counted(site.deploys, "deploy"),
        restore=f"{DELETED}/{site.name}/restore",
        end=f"{DELETED}/{site.name}/delete",
    )


def question(name: str) -> ConfirmPage:
    """Whether a site is to go for good."""
    return ConfirmPage(
        title=t("deleted_sites.question", name=name),
        text=t("deleted_sites.warning"),
        action=f"{DELETED}/{name}/delete",
        label=t("deleted_sites.end"),
        back=DELETED,
    )
