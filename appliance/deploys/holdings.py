"""What the sites hold that an account may see: content named by their deploys' manifests."""

from dataclasses import replace

import structlog

from appliance import sites
from appliance.actor import Actor
from appliance.models.deploy import Deploy, Live
from appliance.models.site import Site
from appliance.storage.manifest import Manifests, UnreadableManifest

log = structlog.get_logger(__name__)

NEWEST = 10  # deploys of the site itself that are looked at
OTHER_SITES = 50  # of the account whose live deploy is looked at
MOST_BYTES = 100_000_000  # of manifests, looked at for one listing: some 200,000 files; what is beyond is sent again


class Holdings:
    """Looks content up in manifests, each of which is one file: rows for each path would be slower."""

    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests

    async def named(self, actor: Actor, site: Site | None, base: str = "") -> list[str]:
        """The manifests to look at, the likeliest first: those of the site, then what other sites of the account show.

        `base` is one of the site's to begin with, however old. Not every deploy there ever was is looked at: not to be
        found costs a sender no more than sending it.
        """
        found = [base] if base else []
        if site is not None:
            mine = Deploy.filter(site=site, state="ready")
            found += [str(name) for name in await Live.filter(site=site).values_list("deploy__manifest", flat=True)]
            found += [str(m) for m in await mine.order_by("-number").limit(NEWEST).values_list("manifest", flat=True)]
        own = await sites.visible_to(replace(actor, role="user")).values_list("id", flat=True)
        others = Live.filter(site_id__in=own).order_by("-deploy__created_at").limit(OTHER_SITES)
        found += [str(name) for name in await others.values_list("deploy__manifest", flat=True)]
        return list(dict.fromkeys(found))

    def find(self, wanted: set[str], manifests: list[str]) -> dict[str, int]:
        """Those of the hashes that the manifests name, with their sizes in bytes. Blocks.

        What is found stays for now, also when its deploy is deleted.
        """
        found: dict[str, int] = {}
        looked_at = 0
        for name in manifests:
            if len(found) == len(wanted) or looked_at > MOST_BYTES:
                break
            if not self._manifests.renew(name):
                log.warning("manifest_gone", manifest=name)  # its deploy was deleted meanwhile, or it is lost
                continue
            try:
                held = self._manifests.originals(name, wanted - found.keys())
            except (OSError, UnreadableManifest):
                log.exception("manifest_unreadable", manifest=name)  # what only it holds has to be sent again
                continue
            looked_at += self._manifests.size(name)
            found |= held
        return found
