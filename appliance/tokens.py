"""Personal tokens: what scripts sign in with; shown once, stored hashed."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from appliance import audit
from appliance.access import Access
from appliance.actor import Actor
from appliance.errors import Conflict, Invalid, NotFound
from appliance.models.account import PersonalToken
from appliance.sessions import TOKEN_BYTES, token_hash

PREFIX = "dd_"  # lets people and secret scanners see what it is
HINT_LENGTH = len(PREFIX) + 5  # enough to tell one's tokens apart; 226 of its 256 bits stay unknown
NAME_LENGTH = 100  # characters
LAST_USED_EVERY = timedelta(minutes=1)  # a script's thousand requests are no thousand writes


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """A personal token as its owner sees it later; `hint` is how it begins."""

    id: int
    name: str
    hint: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made: the only time it can be read."""

    token: str
    facts: TokenFacts


async def create(actor: Actor, name: str) -> NewToken:
    """Make a token for one's own account. Raises Invalid, or Conflict when one of that name exists."""
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    name = _checked_name(name)
    try:
        async with in_transaction():
            row = await PersonalToken.create(
                account_id=actor.id, name=name, hash=token_hash(token), hint=token[:HINT_LENGTH]
            )
            await audit.record(actor, "token.create", name=name, hint=row.hint)
    except IntegrityError:
        raise Conflict(f"There already is a token named {name!r}: choose another name.", code="token_exists") from None
    return NewToken(token, _facts(row))


async def listing(actor: Actor, page: int, per_page: int) -> tuple[list[TokenFacts], int]:
    """One page of one's own tokens, oldest first, and how many there are in all."""
    own = PersonalToken.filter(account_id=actor.id)
    rows = await own.order_by("id").offset((page - 1) * per_page).limit(per_page)
    return [_facts(row) for row in rows], await own.count()


async def remove(actor: Actor, token: int) -> None:
    """Remove one of one's own tokens; it stops working at once. NotFound when there is none of that number."""
    async with in_transaction():
        row = await PersonalToken.get_or_none(id=token, account_id=actor.id)
        if row is None:
            raise NotFound(f"There is no token {token} in this account.", code="no_such_token")
        await row.delete()
        await audit.record(actor, "token.delete", name=row.name, hint=row.hint)


async def check(access: Access, token: str) -> Actor | None:
    """The account a personal token stands for, or None."""
    row = await PersonalToken.filter(hash=token_hash(token)).select_related("account").first()
    if row is None or row.account.disabled_at is not None:
        return None
    await _note_use(access, row)
    return Actor(row.account.id, row.account.email, row.account.role, via=f"token {row.name}")


async def _note_use(access: Access, row: PersonalToken) -> None:
    now = access.now()
    due = now - LAST_USED_EVERY
    if row.last_used_at is None or row.last_used_at <= due:
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=due)
        await PersonalToken.filter(stale, id=row.id).update(last_used_at=now)


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise Invalid(
            f"A token's name has 1 to {NAME_LENGTH} printable characters.",
            fields={"name": f"has 1 to {NAME_LENGTH} printable characters"},
        )
    return name


def _facts(row: PersonalToken) -> TokenFacts:
    return TokenFacts(row.id, row.name, row.hint, row.created_at, row.last_used_at)
