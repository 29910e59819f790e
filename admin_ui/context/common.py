"""What lists, forms and questions have in common, on any page."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from admin_ui.words import number, t
from appliance.errors import Limit

PER_PAGE = 50

NOTICES = (  # the word in the address after a form; the address cannot bring a sentence of its own
    "published",
    "saved",
    "link-revoked",
    "deleted",
    "restored",
    "ended",
    "deploy-deleted",
    "token-deleted",
    "sign-in-ended",
    "sign-ins-ended",
    "password",
    "cancelled",
    "undone",
    "variable-set",
    "variable-deleted",
    "created",
)


def notice(done: str) -> str:
    """What a page says of the form that led to it; nothing for a word it does not know."""
    return t(f"notices.{done}") if done in NOTICES else ""


@dataclass(frozen=True, slots=True)
class Pager:
    """Where in a long list one is; the links are empty at its ends."""

    shown: str
    earlier: str
    later: str


def pager(path: str, page: int, total: int, per_page: int = PER_PAGE, query: str = "") -> Pager:
    """For page `page` of a list of `total` things below `path`, where `query` says which things."""
    last = max(1, -(-total // per_page))
    start = f"{path}?{query}&page=" if query else f"{path}?page="
    earlier = f"{start}{min(page - 1, last)}" if page > 1 else ""
    later = f"{start}{page + 1}" if page < last else ""
    return Pager(t("pager.shown", page=number(page), last=number(last)), earlier, later)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a list to choose from."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class ConfirmPage:
    """A question with one button that does it and a way back; `carried` are fields that come along.

    `leaves` says that what comes of it is a page of its own, which is shown once.
    """

    title: str
    text: str
    action: str
    label: str
    back: str
    carried: Mapping[str, str] = field(default_factory=dict)
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class TitledPage:
    """A page that says one thing."""

    title: str


def readable(name: str) -> str:
    """A file's name as a page can hold it: one that is no Unicode has marks in place of what is none."""
    return name.encode("utf-8", "replace").decode("utf-8")


def password_rule(length: int) -> str:
    """The rule for new passwords, as a hint."""
    return t("forms.password_rule", count=length)


def limit_words(limit: Limit | None) -> str:
    """A limit with its value, or nothing."""
    return f"{limit.name}, {limit.value}" if limit else ""
