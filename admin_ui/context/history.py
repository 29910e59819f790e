"""What the page about changes shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from admin_ui.context.common import Choice, Pager
from admin_ui.words import Moment, moment, said, t
from appliance.audit import Entry


@dataclass(frozen=True, slots=True)
class Change:
    """A change: when, who, what, how and from where."""

    at: Moment
    who: str
    what: str
    via: str
    address: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """The changes that fit what is asked for; `export` is the address of all of them as JSON lines."""

    rows: list[Change]
    pages: Pager
    kinds: Sequence[Choice]
    kind: str
    who: str
    site: str
    export: str
    everybody: bool
    refusal: str = ""
    title: str = said("history.title")


def change(entry: Entry) -> Change:
    """From an entry of the audit log."""
    who = entry.who or (t("history.somebody") if entry.via else "Dropdock")
    return Change(moment(entry.at), who, entry.what, entry.via, entry.address)
