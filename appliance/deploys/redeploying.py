"""A new deploy of what an older one was made of: today's options are applied to its originals, and nobody sends any.

What is published again is what was published, as its author gave it: of a site that was built that is what the build
made, so nothing is built anew. Rule files are among it as they are kept, with hashes for passwords.
"""

import asyncio
from dataclasses import replace

from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.deploys.deploys import Deploys
from appliance.deploys.finding import find
from appliance.deploys.listed import Listing
from appliance.deploys.listings import Listings
from appliance.deploys.values import DeployFacts, NewDeploy
from appliance.errors import Conflict
from appliance.models.deploy import Deploy
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import UnreadableManifest
from builds.recipe import STATIC


class Redeploying:
    """Makes deploys of deploys. Used on the event loop only; files are looked at in threads."""

    def __init__(self, folder: DataFolder, deploys: Deploys, listings: Listings) -> None:
        self._manifests = folder.stored_manifests
        self._blobs = Blobs(folder.blobs)
        self._deploys = deploys
        self._listings = listings

    async def redeploy(self, actor: Actor, deploy: str, new: NewDeploy) -> DeployFacts:
        """Begin a deploy of what another one was made of, which is worked on then as any.

        Where it says nothing of them its message, branch and commit are the other's. NotFound; Conflict when that one
        is not ready, has passwords that are not kept (has_locks), or content that is not in the store any more
        (content_lost); and what `Listings.make` raises.
        """
        row = await find(actor, deploy)
        known = await self._deploys.expected(actor, row.site, new)
        if known is not None:
            return known
        if row.state == "ready" and row.manifest is not None:  # else the listing says what it is
            await self._check_content(row, row.manifest)
        listing = Listing(base=row.id, checked=True)
        return await self._listings.make(actor, row.site.name, _said(row, new), listing)

    async def _check_content(self, row: Deploy, manifest: str) -> None:
        """Conflict when something is not there, or has not its size; what its bytes are is looked at by the workshop.

        What is there stays for now, also when the deploy is deleted.
        """
        try:
            lost = await asyncio.to_thread(self._lost, manifest)
        except (OSError, UnreadableManifest):
            lost = "its list of files"
        if lost:
            raise Conflict(
                f"Deploy {row.number} of {row.site.name} cannot be made again: {lost} is missing or damaged in the "
                "server's store. Its operator may repair that from a backup (dropdock verify); else upload the site.",
                code="content_lost",
            )

    def _lost(self, manifest: str) -> str:
        """The first path whose content is not in the store; empty where all is."""
        self._manifests.renew(manifest)
        entries = self._manifests.get(manifest).entries
        return next((repr(path) for path, entry in entries.items() if not self._holds(*entry.original)), "")

    def _holds(self, sha256: str, size: int) -> bool:
        try:
            return self._blobs.path(sha256).stat().st_size == size
        except FileNotFoundError:
            return False


def _said(row: Deploy, new: NewDeploy) -> NewDeploy:
    return replace(
        new,
        message=new.message or row.message,
        branch=new.branch or row.branch or "",
        commit=new.commit or row.commit or "",
        source="redeploy",
        again_of=row.number,
        build=STATIC,  # whatever it looks like: it was a site before
    )
