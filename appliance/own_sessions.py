"""The open sessions of one's own account: who is signed in as me, and where; each can be ended, or all others."""

from dataclasses import dataclass
from datetime import datetime

from tortoise.functions import Max
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from appliance import audit, sessions
from appliance.access import Access
from appliance.actor import Actor
from appliance.errors import NotFound
from appliance.models.account import Session


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """An open session as its owner sees it; `client` is what it began with: a User-Agent.

    `last_used_at` is when it was last given tokens, which a browser in use is every `access_lifetime`. `expires_at` is
    when it ends unless it is used again. `current` says whether it is the one that asks.
    """

    id: int
    client: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


async def listing(
    access: Access, actor: Actor, current: int | None, page: int, per_page: int
) -> tuple[list[SessionFacts], int]:
    """One page of one's own open sessions, last used first, and how many there are in all.

    `current` is the session that asks; None where a personal token does.
    """
    own = _open(access, actor)
    rows = await (
        own.annotate(used=Max("tokens__created_at"))
        .order_by("-used", "-id")
        .offset((page - 1) * per_page)
        .limit(per_page)
        .values("id", "client", "created_at", "expires_at", "used")
    )
    found = [
        SessionFacts(
            id=row["id"],
            client=row["client"],
            created_at=row["created_at"],
            last_used_at=row["used"] or row["created_at"],
            expires_at=row["expires_at"],
            current=row["id"] == current,
        )
        for row in rows
    ]
    return found, await own.count()


async def get(access: Access, actor: Actor, session: int) -> Session:
    """One of one's own open sessions; NotFound when there is none of that number."""
    row = await _open(access, actor).get_or_none(id=session)
    if row is None:
        raise NotFound(f"There is no sign-in {session} in this account.", code="no_such_session")
    return row


async def end(access: Access, actor: Actor, session: int) -> None:
    """End one of one's own sessions, at once. NotFound when there is no open one of that number."""
    async with in_transaction():
        row = await get(access, actor, session)
        await sessions.end(access, row.id)
        await audit.record(actor, "sign-in.end", client=row.client)
    access.news.account(actor.id)  # for its windows, which are signed out now, and those that list it


async def end_others(access: Access, actor: Actor, current: int | None) -> None:
    """End all of one's own sessions but the one that asks, at once; all of them where a personal token asks."""
    async with in_transaction():
        others = await _open(access, actor).exclude(id=current or 0).count()
        if not others:
            return
        await sessions.end_all(access, actor.id, but=current)
        await audit.record(actor, "sign-in.end_others", sessions=others)
    access.news.account(actor.id)


def _open(access: Access, actor: Actor) -> QuerySet[Session]:
    return Session.filter(account_id=actor.id, ended_at__isnull=True, expires_at__gt=access.now())
