"""Accounts: who there is, in which role, and who may manage them."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from appliance import audit, sessions
from appliance.access import Access
from appliance.actor import Actor
from appliance.errors import Conflict, Forbidden, Invalid, NotFound
from appliance.models.account import Account, SetUp
from appliance.passwords import check_password
from appliance.plans import Plans
from appliance.prepared import Prepared

ROLES = ("operator", "admin", "user")
EMAIL_LENGTH = 254  # characters: the longest path an SMTP command can carry, less its brackets (RFC 5321 §4.5.3.1.3)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_enabled = Prepared(lambda account: Account.get_or_none(id=account, disabled_at__isnull=True), int)
COMMAND_LINE = Actor(0, "", "operator", via="command line")
"""Whoever owns the data directory, for the record."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be made; without a password only personal tokens work."""

    email: str
    role: str = "user"
    password: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeAccount:
    """What to change of an account; None leaves it as it is."""

    role: str | None = None
    disabled: bool | None = None
    password: str | None = None
    plan: str | None = None  # "": the usual one


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account as people see it; `plan` is "" where it has the usual one."""

    id: int
    email: str
    role: str
    created_at: datetime
    disabled: bool
    plan: str


async def create(access: Access, actor: Actor | None, new: NewAccount) -> AccountFacts:
    """Make an account; `actor` is None for the command line, which acts for whoever owns the data directory.

    Raises Forbidden, Invalid, or Conflict when the e-mail is taken. The first account must be an operator, and making
    it closes the set-up link.
    """
    if actor is not None:
        _require(actor, "admin")
        if new.role != "user":
            _require(actor, "operator")
    email, role = checked_email(new.email), _checked_role(new.role)
    password = None if new.password is None else await _hashed(access, new.password, email)
    async with in_transaction():
        first = await close_set_up(access)
        if first and role != "operator":
            raise Invalid(
                "The first account must be an operator: nobody else could manage this installation.",
                fields={"role": 'must be "operator" for the first account'},
            )
        made = await _insert(email, role, password)
        await audit.record(actor or COMMAND_LINE, "account.create", email=email, role=role)
    access.news.account(made.id)
    return made


async def listing(actor: Actor, page: int, per_page: int) -> tuple[list[AccountFacts], int]:
    """One page of the accounts, oldest first, and how many there are in all. For operators and admins."""
    _require(actor, "admin")
    rows = await Account.all().order_by("id").offset((page - 1) * per_page).limit(per_page)
    return [facts(row) for row in rows], await Account.all().count()


async def get(actor: Actor, account: int) -> AccountFacts:
    """One account: one's own, or any for operators and admins; else Forbidden, or NotFound."""
    if account != actor.id:
        _require(actor, "admin")
    return facts(await _find(account))


async def change(access: Access, actor: Actor, account: int, change: ChangeAccount) -> AccountFacts:
    """Change another's role, password, standing or plan; for operators. Takes effect at the account's next request.

    Disabling an account and setting its password end its sign-ins. Raises Conflict when no operator would be left.
    """
    _require(actor, "operator")
    row = await _find(account)
    changes: dict[str, object] = {}
    if change.role is not None:
        changes["role"] = _checked_role(change.role)
    if change.password is not None:
        changes["password"] = await _hashed(access, change.password, row.email)
    if change.plan is not None:
        changes["plan"] = Plans.of(access.settings).checked(change.plan)
    if change.disabled is not None:
        changes["disabled_at"] = (row.disabled_at or access.now()) if change.disabled else None
    changed = await _apply(access, actor, row, changes)
    access.news.account(row.id)
    return changed


async def set_password(access: Access, actor: Actor, password: str, *, keep_session: int | None) -> AccountFacts:
    """Set one's own password, which ends all sign-ins but the session kept. The caller has proved the old one."""
    hashed = await _hashed(access, password, actor.email)
    async with in_transaction():
        await Account.filter(id=actor.id).update(password=hashed)
        await sessions.end_all(access, actor.id, but=keep_session)
        await audit.record(actor, "account.password")
    access.news.account(actor.id)  # in windows that are signed out now
    return facts(await _find(actor.id))


async def has_password(actor: Actor) -> bool:
    """Whether the account can sign in with a password."""
    return await Account.filter(id=actor.id, password__isnull=False).exists()


async def by_email(email: str) -> Actor:
    """The account with that e-mail, in any spelling of its capitals; else NotFound."""
    row = await Account.get_or_none(email=normal_email(email))
    if row is None:
        raise NotFound(f"There is no account {email!r}.", code="no_such_account")
    return Actor(row.id, row.email, row.role)


async def acting(account: int, via: str = "") -> Actor | None:
    """The account of that number as one who may act, `via` what; None when it is gone or disabled."""
    row = await _enabled(account)
    return Actor(row.id, row.email, row.role, via) if row else None


async def close_set_up(access: Access) -> bool:
    """Whether there is no account yet; to be asked inside the transaction that makes one.

    Claiming the set-up row comes first: on SQLite that takes the write lock, on PostgreSQL the row's, so that of two
    first accounts made at once the second sees the first.
    """
    await SetUp.filter(id=1, claimed_at__isnull=True).update(claimed_at=access.now())
    return not await Account.exists()


def normal_email(email: str) -> str:
    """The one spelling an e-mail is stored and looked up under."""
    return unicodedata.normalize("NFC", email.strip()).lower()


def checked_email(email: str) -> str:
    """The e-mail as it is stored; Invalid when it cannot be one. Whether it receives mail is not our question."""
    normal = normal_email(email)
    if not EMAIL.fullmatch(normal) or not normal.isprintable() or len(normal) > EMAIL_LENGTH:
        raise Invalid(
            "This is not an e-mail address; it looks like name@example.org.", fields={"email": "is no e-mail address"}
        )
    return normal


def facts(row: Account) -> AccountFacts:
    """An account's row as people see it."""
    return AccountFacts(row.id, row.email, row.role, row.created_at, row.disabled_at is not None, row.plan or "")


def _require(actor: Actor, role: str) -> None:
    if ROLES.index(actor.role) > ROLES.index(role):
        raise Forbidden(f"Only an {role} may do this; this account is in the role {actor.role}.")


def _checked_role(role: str) -> str:
    if role not in ROLES:
        raise Invalid(f"There is no role {role!r}.", fields={"role": f"is one of: {', '.join(ROLES)}"})
    return role


async def _hashed(access: Access, password: str, email: str) -> str:
    check_password(password, email=email, at_least=access.settings.password_length)
    return await access.passwords.hash(password)


async def _find(account: int) -> Account:
    row = await Account.get_or_none(id=account)
    if row is None:
        raise NotFound(f"There is no account {account}.", code="no_such_account")
    return row


async def _insert(email: str, role: str, password: str | None) -> AccountFacts:
    try:
        return facts(await Account.create(email=email, role=role, password=password))
    except IntegrityError:
        raise Conflict(f"There already is an account {email}.", code="account_exists") from None


async def _apply(access: Access, actor: Actor, row: Account, changes: dict[str, object]) -> AccountFacts:
    async with in_transaction():
        # Changes nothing, but takes the write lock (SQLite) or the operators' rows (PostgreSQL), so that two operators
        # who demote each other at once cannot both succeed.
        await Account.filter(role="operator").update(role="operator")
        if changes:
            await Account.filter(id=row.id).update(**changes)
            await audit.record(actor, "account.change", email=row.email, **_told(changes))
        if not await Account.filter(role="operator", disabled_at__isnull=True).exists():
            raise Conflict("This is the last operator: make somebody else an operator first.", code="last_operator")
        if changes.get("disabled_at") or "password" in changes:
            await sessions.end_all(access, row.id)
        return facts(await _find(row.id))


def _told(changes: dict[str, object]) -> dict[str, Any]:
    """What the audit log is told of an account's change: not the password's hash."""
    told: dict[str, Any] = {name: changes[name] for name in ("role",) if name in changes}
    if "password" in changes:
        told["password"] = "set"  # noqa: S105 - that it was, not what to
    if "disabled_at" in changes:
        told["disabled"] = changes["disabled_at"] is not None
    if "plan" in changes:
        told["plan"] = changes["plan"] or ""
    return told
