"""Take webhooks: each once, and only when it is signed with its site's secret."""

from datetime import UTC, datetime, timedelta

import structlog
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from appliance import accounts
from appliance.callers import Headers
from appliance.deploys import Aliases, label_of
from appliance.errors import Conflict, Forbidden, NotFound
from appliance.git.redeploy import Redeploy
from appliance.git.signatures import Delivery, Push, check, is_push, read_push
from appliance.git.sources import Sources
from appliance.models.git import GitDelivery, GitSource
from appliance.models.site import Removal
from appliance.sealing import Unreadable

LONGEST_NAME = 48  # characters of a site's
REMEMBERED = timedelta(days=90)
"""How long a delivery is known again. An older one could be sent again, and would fetch what is newest now: no harm."""

log = structlog.get_logger(__name__)


class Hooks:
    """The webhooks of this installation."""

    def __init__(self, sources: Sources, redeploy: Redeploy, aliases: Aliases) -> None:
        self._sources = sources
        self._redeploy = redeploy
        self._aliases = aliases

    async def take(self, site: str, headers: Headers, body: bytes) -> str:
        """Do what a webhook asks for; what that is, in words.

        Forbidden, also for a site that is not there or has no secret; Conflict for one that was taken before.
        """
        source = await _source(site)
        delivery = check(headers, body, self._secret(source))
        if source is None or delivery is None:
            raise Forbidden("This webhook is not signed with the secret of a site that is deployed from Git.")
        if not is_push(delivery.event):
            return f"nothing: {delivery.event or 'an event without a name'} is no push"
        push = read_push(body)
        if push is None:
            return "nothing: no branch was pushed"
        await _remember(source, delivery)
        return await self._answer(source, push)

    def _secret(self, source: GitSource | None) -> str:
        try:
            return self._sources.secret_of(source) if source else ""
        except Unreadable:
            log.exception("webhook_secret_unreadable", site=source.site.name if source else "")
            return ""

    async def _answer(self, source: GitSource, push: Push) -> str:
        live = source.branch or push.default or push.branch
        if push.branch == live:
            if push.gone:
                return "nothing: the branch is gone; what is live stays"
            self._redeploy.begin(source, "")
            return f"deploying {push.branch}"
        if not source.previews:
            return f"nothing: only {live} is deployed"
        if push.gone:
            return await self._forget(source, push.branch)
        self._redeploy.begin(source, push.branch)
        return f"deploying a preview of {push.branch}"

    async def _forget(self, source: GitSource, branch: str) -> str:
        actor = await accounts.acting(source.account_id or 0, via="webhook")
        try:
            if actor is not None:
                await self._aliases.remove(actor, source.site.name, label_of(branch, source.site.name))
        except NotFound:
            pass  # it was never deployed, or is forgotten already
        return f"forgotten {branch}"


async def _source(site: str) -> GitSource | None:
    """Where a site comes from; None also for one that is deleted."""
    if len(site) > LONGEST_NAME or await Removal.exists(site__name=site):
        return None
    return await GitSource.get_or_none(site__name=site).select_related("site")


async def _remember(source: GitSource, delivery: Delivery) -> None:
    await GitDelivery.filter(at__lt=datetime.now(UTC) - REMEMBERED).delete()
    try:
        async with in_transaction():
            for mark in delivery.marks:
                await GitDelivery.create(site_id=source.site_id, mark=mark)
    except IntegrityError:
        raise Conflict("This webhook has been taken already.", code="replayed") from None
