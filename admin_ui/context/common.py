"""What lists, forms and questions have in common, on any page."""

from dataclasses import dataclass

from appliance.errors import Limit

PER_PAGE = 50

NOTICES = {  # by the word in the address after a form; the address cannot bring a sentence of its own
    "published": "The deploy is live.",
    "saved": "Saved.",
    "link-revoked": "The link opens nothing any more.",
    "deleted": "The site is deleted.",
    "deploy-deleted": "The deploy is deleted.",
    "token-deleted": "The token is deleted.",
    "password": "The password is changed; other sign-ins have ended.",
    "cancelled": "The deploy is called off.",
    "variable-set": "The variable is set. Its value cannot be shown again.",
    "variable-deleted": "The variable is deleted.",
    "created": "The account is made.",
}


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
    return Pager(f"Page {page} of {last}", earlier, later)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a list to choose from."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class ConfirmPage:
    """A question with one button that does it and a way back."""

    title: str
    text: str
    action: str
    label: str
    back: str


@dataclass(frozen=True, slots=True)
class TitledPage:
    """A page that says one thing."""

    title: str


def password_rule(length: int) -> str:
    """The rule for new passwords, as a hint."""
    return f"At least {length} characters."


def limit_words(limit: Limit | None) -> str:
    """A limit with its value, or nothing."""
    return f"{limit.name}, {limit.value}" if limit else ""
