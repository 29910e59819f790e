"""The audit log: who changed what, when and from where; written with each change, in its transaction.

Whoever makes a change calls `record` beside it. Nothing secret is among the details: of a password, a token's value
or a variable's only the fact that it was set.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from string import Formatter
from typing import Any

import structlog
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from appliance.actor import Actor
from appliance.errors import Invalid
from appliance.models.audit import AuditEntry
from appliance.models.site import Member, Site

log = structlog.get_logger(__name__)

ACTIONS: Mapping[str, str] = {
    "account.create": "made the account {email} in the role {role}",
    "account.change": "changed the account {email}",
    "account.password": "changed their own password",
    "account.password.failed": "gave a wrong current password",
    "sign-in": "signed in",
    "sign-in.failed": "failed to sign in as {email}",
    "sign-in.end": "ended a sign-in of their own",
    "sign-in.end_others": "ended all their other sign-ins",
    "sign-out": "signed out",
    "token.create": "made the token {name}",
    "token.delete": "deleted the token {name}",
    "site.create": "made the site {site}",
    "site.change": "changed settings of {site}",
    "site.delete": "deleted the site {site}",
    "site.restore": "restored the site {site}",
    "site.end": "removed the deleted site {site} for good",
    "deploy.create": "sent deploy {number} of {site}",
    "deploy.again": "deployed deploy {again_of} of {site} again, as deploy {number}",
    "deploy.answer": "said how deploy {number} of {site} is built",
    "deploy.cancel": "called off deploy {number} of {site}",
    "deploy.delete": "deleted deploy {number} of {site}",
    "deploy.live": "made deploy {number} of {site} live by sending it",
    "deploy.live_again": "made deploy {number} of {site} live by deploying an earlier one again",
    "deploy.publish": "published deploy {number} of {site}",
    "deploy.rollback": "rolled {site} back to deploy {number}",
    "deploy.undo": "took back what was live of {site}, to deploy {number}",
    "deploy.take_off": "took deploy {number} of {site} off: nothing is live",
    "deploy.expire": "deploy {number} of {site} expired",
    "alias.set": "pointed the alias {alias} of {site} to deploy {number}",
    "alias.delete": "removed the alias {alias} of {site}",
    "publishing.lock": "locked publishing of {site}",
    "publishing.unlock": "unlocked publishing of {site}",
    "gate.change": "changed the gate of {site}",
    "gate.link": "made a share link of {site}",
    "gate.link.delete": "took back a share link of {site}",
    "gate.bypass": "made the automation token of {site}",
    "gate.bypass.delete": "took away the automation token of {site}",
    "build.change": "changed build settings of {site}",
    "variable.set": "set the variable {name} of {site}",
    "variable.delete": "removed the variable {name} of {site}",
    "member.add": "made {email} a member of {site}",
    "member.remove": "took {email} from the members of {site}",
    "git.set": "had {site} deployed from {url}",
    "git.secret": "made the webhook secret of {site}",
    "git.deploy": "asked for a deploy of {site} from Git",
    "git.delete": "had {site} deployed from Git no more",
}
"""What can happen, by name: the sentence that follows who did it, filled from the entry's site and details."""

Told = Callable[[], Coroutine[Any, Any, None]]
"""Adds one entry."""

LONGEST_DETAIL = 500  # characters of a text among the details
MOST_FAILURES = 10_000  # entries of a kind that strangers can cause: they must not fill the disk


@dataclass(frozen=True, slots=True)
class Entry:
    """A change as people see it; `what` is the sentence that follows `who`, "" where the system acted by itself."""

    id: int
    at: datetime
    who: str
    via: str
    address: str
    action: str
    what: str
    site: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Only:
    """Which entries are wanted; what is empty does not matter. `action` may be a beginning, such as `deploy`."""

    who: str = ""
    site: str = ""
    action: str = ""
    address: str = ""
    since: datetime | None = None
    until: datetime | None = None


async def record(actor: Actor | None, action: str, site: Site | None = None, **details: Any) -> None:  # noqa: ANN401 - what JSON can say
    """Add an entry, in the transaction under way if there is one; `actor` is None where the system acts by itself."""
    if missing := _names(ACTIONS[action]) - {"site", *details}:
        raise TypeError(f"{action} needs {', '.join(sorted(missing))}")
    await AuditEntry.create(
        account_id=actor.id or None if actor else None,
        who=actor.email if actor else "",
        via=actor.via[:120] if actor else "",
        address=actor.address[:45] if actor else "",
        action=action,
        site=site.name if site else "",
        site_key=site.id if site else None,
        details={name: _bounded(value) for name, value in details.items()},
    )


async def record_failure(actor: Actor, action: str, **details: Any) -> None:  # noqa: ANN401 - as above
    """Add an entry that strangers can cause; of each kind only the newest `MOST_FAILURES` are kept."""
    await record(actor, action, None, **details)
    kind = AuditEntry.filter(action=action).order_by("-id")
    newest = await kind.first()
    if newest is not None and newest.id % 100 == 0:  # now and then: counting costs more than an entry
        oldest_kept = await kind.offset(MOST_FAILURES).first()
        if oldest_kept is not None:
            await AuditEntry.filter(action=action, id__lte=oldest_kept.id).delete()


def told(actor: Actor, action: str, site: Site, **details: Any) -> Told:  # noqa: ANN401 - as above
    """An entry to be added later, by whoever has the transaction."""
    return partial(record, actor, action, site, **details)


async def listing(actor: Actor, only: Only, page: int, per_page: int) -> tuple[list[Entry], int]:
    """A page of what the account may see, newest first, and how many entries that are in all; Invalid."""
    query = await _visible(actor, only)
    rows = await query.order_by("-id").offset((page - 1) * per_page).limit(per_page)
    return [_entry(row) for row in rows], await query.count()


async def everything(actor: Actor, only: Only, piece: int = 500) -> AsyncIterator[Entry]:
    """All the account may see, oldest first, read `piece` at a time; what is added meanwhile comes last. Invalid."""
    return _read(await _visible(actor, only), piece)


async def _read(query: QuerySet[AuditEntry], piece: int) -> AsyncIterator[Entry]:
    after = 0
    while rows := await query.filter(id__gt=after).order_by("id").limit(piece):
        for row in rows:
            yield _entry(row)
        after = rows[-1].id


async def prune(now: Callable[[], datetime], age: float) -> int:
    """Forget entries older than `age` seconds, none for 0; how many there were."""
    gone = await AuditEntry.filter(at__lt=now() - timedelta(seconds=age)).delete() if age else 0
    if gone:
        log.info("audit_entries_forgotten", entries=gone)
    return gone


def sentence(action: str, site: str, details: Mapping[str, Any]) -> str:
    """What happened, to follow who did it; an action of another version by its name alone."""
    known = ACTIONS.get(action)
    if known is None or _names(known) - {"site", *details}:
        return f"{action} {site}".strip()
    return known.format(**{**details, "site": site})


async def _visible(actor: Actor, only: Only) -> QuerySet[AuditEntry]:
    """Operators and admins see everything; others what they did, and what was done to their sites."""
    actor.need_every_site()
    query = AuditEntry.filter(*_wanted(only))
    if actor.role == "user":
        own = [*await Site.filter(owner_id=actor.id).values_list("id", flat=True)]
        own += await Member.filter(account_id=actor.id).values_list("site_id", flat=True)
        query = query.filter(Q(account_id=actor.id) | Q(site_key__in=own))
    return query


def _wanted(only: Only) -> list[Q]:
    if only.action and not any(_is_below(action, only.action) for action in ACTIONS):
        kinds = ", ".join(sorted({action.partition(".")[0] for action in ACTIONS}))
        raise Invalid(f"There is no action {only.action!r}; they begin with {kinds}.", fields={"action": "is unknown"})
    wanted = [Q(action__in=[action for action in ACTIONS if _is_below(action, only.action)])] if only.action else []
    wanted += [Q(who=only.who.strip().lower()[:254])] if only.who else []
    wanted += [Q(site=only.site[:63])] if only.site else []
    wanted += [Q(address=only.address[:45])] if only.address else []
    wanted += [Q(at__gte=only.since)] if only.since else []
    wanted += [Q(at__lt=only.until)] if only.until else []
    return wanted


def _is_below(action: str, beginning: str) -> bool:
    return action == beginning or action.startswith(beginning + ".")


def _names(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def _bounded(value: object) -> object:
    return value[:LONGEST_DETAIL] if isinstance(value, str) else value


def _entry(row: AuditEntry) -> Entry:
    what = sentence(row.action, row.site, row.details)
    return Entry(row.id, row.at, row.who, row.via, row.address, row.action, what, row.site, row.details)
