"""What a site's pointers say and how they move, as rows: the live one, its aliases, its lock, and its conditions."""

from datetime import UTC, datetime

from appliance.errors import Conflict
from appliance.models.deploy import Alias, Deploy, Live, Publication, PublishingLock
from appliance.prepared import Prepared

_had_newer = Prepared(lambda site, number: Publication.exists(site_id=site, deploy__number__gt=number), int, int)
_lock_of = Prepared(lambda site: PublishingLock.get_or_none(site_id=site).select_related("account"), int)
UNDO, UNDONE = "undo", "undone"  # kinds of moves: back to what was there before another, and that other


async def is_superseded(row: Deploy) -> bool:
    """Whether visitors had a newer deploy already: a slow old one must not take its place, nor undo a rollback."""
    return await _had_newer(row.site_id, row.number)


async def move_live(site: int, deploy: str, account: int | None, kind: str) -> None:
    """Let visitors get this deploy; inside the caller's transaction."""
    if not await Live.filter(site_id=site).update(deploy_id=deploy):
        await Live.create(site_id=site, deploy_id=deploy)
    await Publication.create(site_id=site, deploy_id=deploy, account_id=account, kind=kind)


async def last_move(site: int) -> Publication | None:
    """The newest move of a site's live pointer."""
    return await Publication.filter(site_id=site).order_by("-id").first()


async def move_before(last: Publication) -> Deploy | None:
    """What visitors had before a move, if that is there still; what was taken back does not count, nor its time."""
    moves = Publication.filter(site_id=last.site_id, id__lt=last.id).exclude(kind=UNDONE)
    before = await moves.exclude(deploy_id=last.deploy_id).filter(deploy__state="ready").order_by("-id").first()
    return await Deploy.get(id=before.deploy_id).select_related("author", "build") if before else None


async def mark_undone(site: int) -> None:
    """The newest move of a site's live pointer is taken back; inside the caller's transaction."""
    last = await last_move(site)
    if last is not None:
        await Publication.filter(id=last.id).update(kind=UNDONE)


async def move_alias(site: int, alias: str, deploy: str) -> None:
    """Let an alias, made if need be, point to this deploy; inside the caller's transaction."""
    now = datetime.now(UTC)
    if not await Alias.filter(site_id=site, name=alias).update(deploy_id=deploy, moved_at=now):
        await Alias.create(site_id=site, name=alias, deploy_id=deploy, moved_at=now)


async def check_unlocked(site: int, name: str) -> None:
    """Conflict, with who locked it, when what visitors of a site get must stay as it is."""
    lock = await _lock_of(site)
    if lock is not None:
        who = lock.account.email if lock.account else "somebody whose account is gone"
        why = f" ({lock.reason})" if lock.reason else ""
        raise Conflict(
            f"{name} was locked by {who} on {lock.at:%d %B %Y at %H:%M} UTC{why}: unlock it first.", code="locked"
        )


async def check_live(site: int, name: str, expected: str | None) -> None:
    """Conflict unless the deploy `expected`, by id or number, is live; "*" is any, "" none, None does not matter."""
    if expected is None:
        return
    live = await Live.get_or_none(site_id=site).select_related("deploy")
    names = {"", "-"} if live is None else {"*", live.deploy_id, str(live.deploy.number)}
    if expected not in names:
        now = f"deploy {live.deploy.number} ({live.deploy_id}) is" if live else "nothing is"
        wanted = f"deploy {expected}" if expected else "nothing"
        raise Conflict(
            f"{name} has changed: {now} live, not {wanted}. Look at what is live now, then decide again.",
            code="live_changed",
        )
