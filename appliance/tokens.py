"""Personal tokens: what scripts sign in with; shown once, stored hashed."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from appliance import audit, sites
from appliance.access import Access
from appliance.actor import RIGHTS, Actor, Right
from appliance.errors import Conflict, Invalid, NotFound
from appliance.models.account import PersonalToken
from appliance.models.site import Site
from appliance.prepared import Prepared
from appliance.sessions import TOKEN_BYTES, token_hash

PREFIX = "dd_"  # lets people and secret scanners see what it is
HINT_LENGTH = len(PREFIX) + 5  # enough to tell one's tokens apart; 226 of its 256 bits stay unknown
NAME_LENGTH = 100  # characters
_by_hash = Prepared(lambda hashed: PersonalToken.filter(hash=hashed).select_related("account").first(), str)
LAST_USED_EVERY = timedelta(minutes=1)  # a script's thousand requests are no thousand writes


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """A personal token as its owner sees it later; `hint` is how it begins, `site` the only one it is for, if any."""

    id: int
    name: str
    hint: str
    created_at: datetime
    last_used_at: datetime | None
    right: Right = "all"
    site: str | None = None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made: the only time it can be read."""

    token: str
    facts: TokenFacts


async def create(actor: Actor, name: str, right: Right = "all", site: str = "") -> NewToken:
    """Make a token for one's own account, for one site where that is named.

    Raises Invalid, NotFound for a site one does not have, or Conflict when a token of that name exists.
    """
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    name = _checked_name(name)
    only = await sites.find(actor, site) if site else None
    try:
        async with in_transaction():
            row = await PersonalToken.create(
                account_id=actor.id,
                name=name,
                hash=token_hash(token),
                hint=token[:HINT_LENGTH],
                right=right,
                site_key=only.id if only else None,
            )
            await audit.record(actor, "token.create", only, name=name, hint=row.hint, right=right)
    except IntegrityError:
        raise Conflict(f"There already is a token named {name!r}: choose another name.", code="token_exists") from None
    return NewToken(token, _facts(row, {only.id: only.name} if only else {}))


async def listing(actor: Actor, page: int, per_page: int) -> tuple[list[TokenFacts], int]:
    """One page of one's own tokens, oldest first, and how many there are in all."""
    own = PersonalToken.filter(account_id=actor.id)
    rows = await own.order_by("id").offset((page - 1) * per_page).limit(per_page)
    keys = [row.site_key for row in rows if row.site_key is not None]
    names = dict(await Site.filter(id__in=keys).values_list("id", "name")) if keys else {}
    return [_facts(row, names) for row in rows], await own.count()


async def get(actor: Actor, token: int) -> TokenFacts:
    """One of one's own tokens; NotFound when there is none of that number."""
    row = await _own(actor, token)
    names = dict(await Site.filter(id=row.site_key).values_list("id", "name")) if row.site_key is not None else {}
    return _facts(row, names)


async def remove(actor: Actor, token: int) -> None:
    """Remove one of one's own tokens; it stops working at once. NotFound when there is none of that number."""
    async with in_transaction():
        row = await _own(actor, token)
        await row.delete()
        await audit.record(actor, "token.delete", name=row.name, hint=row.hint)


async def check(access: Access, token: str) -> Actor | None:
    """The account a personal token stands for, or None."""
    return await of_hash(access, token_hash(token))


async def of_hash(access: Access, hashed: str) -> Actor | None:
    """The account that the personal token of this hash stands for, or None."""
    row = await _by_hash(hashed)
    if row is None or row.account.disabled_at is not None:
        return None
    await _note_use(access, row)
    right = next((known for known in RIGHTS if known == row.right), RIGHTS[0])
    account = row.account
    return Actor(account.id, account.email, account.role, f"token {row.name}", right=right, only_site=row.site_key)


async def _own(actor: Actor, token: int) -> PersonalToken:
    row = await PersonalToken.get_or_none(id=token, account_id=actor.id)
    if row is None:
        raise NotFound(f"There is no token {token} in this account.", code="no_such_token")
    return row


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


def _facts(row: PersonalToken, names: Mapping[int, str]) -> TokenFacts:
    right = next((known for known in RIGHTS if known == row.right), RIGHTS[0])
    site = None if row.site_key is None else names.get(row.site_key, "(deleted)")
    return TokenFacts(row.id, row.name, row.hint, row.created_at, row.last_used_at, right, site)
