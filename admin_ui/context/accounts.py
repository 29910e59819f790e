"""What pages show of accounts: the first, signing in, one's own, other people's."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from admin_ui.context.common import Choice, Pager
from admin_ui.context.sign_ins import SignIns
from admin_ui.context.usage import Storage
from admin_ui.words import Moment, said
from appliance.preferences import Preferences


@dataclass(frozen=True, slots=True)
class FirstRunPage:
    """The form for the first account; `token` is the set-up link's."""

    token: str
    password_length: int
    password_rule: str
    email: str = ""
    refusal: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    title: str = said("first_run.title")


@dataclass(frozen=True, slots=True)
class SignInPage:
    """The sign-in form; `next` is where it leads."""

    next: str
    email: str = ""
    refusal: str = ""
    title: str = said("sign_in.title")


@dataclass(frozen=True, slots=True)
class Token:
    """A personal token in its owner's list."""

    name: str
    hint: str
    may: str
    made: Moment
    last_used: Moment | None
    remove_href: str


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One's own account: how it looks, tokens, sign-ins and password."""

    email: str
    role: str
    look: Preferences
    schemes: Sequence[Choice]
    densities: Sequence[Choice]
    themes: Sequence[Choice]
    languages: Sequence[Choice]
    tokens: list[Token]
    sign_ins: SignIns
    rights: Sequence[Choice]
    pages: Pager
    password_length: int
    password_rule: str
    storage: Storage
    has_password: bool = True
    may_stop: bool = False
    new_token: str = ""
    new_token_name: str = ""
    token_name: str = ""
    token_right: str = "all"  # noqa: S105 - what a token may do, not one
    token_site: str = ""
    token_refusal: str = ""
    refusal: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    title: str = said("account.title")


@dataclass(frozen=True, slots=True)
class Person:
    """An account in the list; `href` is empty where one may not change it."""

    email: str
    role: str
    since: Moment
    disabled: bool
    href: str


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """The accounts and the form for a new one."""

    rows: list[Person]
    pages: Pager
    roles: Sequence[Choice]
    password_length: int
    password_rule: str
    email: str = ""
    role: str = "user"
    refusal: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    title: str = said("people.title")


@dataclass(frozen=True, slots=True)
class PersonPage:
    """One account, to be changed."""

    title: str
    href: str
    role: str
    disabled: bool
    roles: Sequence[Choice]
    storage: Storage
    plans: Sequence[Choice]
    plan: str
    password_length: int
    password_rule: str
    refusal: str = ""
    password_refusal: str = ""
    faults: dict[str, str] = field(default_factory=dict)
