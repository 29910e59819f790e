"""A new deploy on top of another: a few paths added, replaced or taken out."""

import asyncio
from dataclasses import dataclass

from appliance.deploys.digests import Name
from appliance.deploys.finding import named
from appliance.deploys.listed import Listed, Listing
from appliance.errors import Conflict, Invalid
from appliance.models.site import Site
from appliance.site_rules import ASIDE, NOT_KEPT
from appliance.storage.manifest import Manifest, Manifests
from builds.lone_file import NOTE, PAGE


@dataclass(frozen=True, slots=True)
class Patched:
    """The files of a listing, whether their paths are exact, and the manifest of its base; "" where it has none."""

    files: tuple[Listed, ...]
    exact: bool
    base: str = ""


class Base:
    """Reads what deploys hold, to build upon them."""

    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests

    async def patched(self, site: Site, listing: Listing) -> Patched:
        """The files of the listing's base with its changes made to them.

        Their paths are exact, unless a page is to be made that shows them. NotFound; Conflict for a deploy that is not
        ready, whose passwords are not kept as they were written, or whose page shows the only file it would have no
        more; Invalid for a path to remove that is not there.
        """
        row = await named(site, listing.base)
        if row.state != "ready" or row.manifest is None:
            raise Conflict(f"Deploy {row.number} of {site.name} is not ready: it is {row.state}.", code="not_ready")
        manifest = await asyncio.to_thread(self._manifests.get, row.manifest)
        if _lacks_rules(manifest, {file.path for file in listing.files}):
            raise Conflict(
                f"Deploy {row.number} of {site.name} has passwords in a file of rules that is not kept: "
                "deploy the whole site again.",
                code="has_locks",
            )
        files = _files(manifest)
        for path in listing.remove:
            if files.pop(path, None) is None:
                raise Invalid(f"Deploy {row.number} of {site.name} has no {path!r} to remove.", code="not_listed")
        files |= {file.path: file for file in listing.files}
        shown = _shown(manifest)
        if shown and PAGE not in {*listing.remove, *(file.path for file in listing.files)}:
            files.pop(PAGE, None)
            if len(files) != 1:
                raise Conflict(
                    f"Deploy {row.number} of {site.name} is one file, {shown!r}, and index.html was made to show it: "
                    "add an index.html of your own, too, or remove index.html.",
                    code="page_was_made",
                )
            return Patched(tuple(files.values()), exact=False, base=row.manifest)
        return Patched(tuple(files.values()), exact=True, base=row.manifest)


def _lacks_rules(manifest: Manifest, brought: set[str]) -> bool:
    """Whether a file of rules is obeyed that is not kept, nor `brought` with the changes."""
    if any(found.code == NOT_KEPT and found.path not in brought for found in manifest.problems):
        return True
    return bool(manifest.rules.locks) and manifest.entries.keys().isdisjoint(ASIDE)


def _shown(manifest: Manifest) -> str:
    """The file that the deploy's page was made to show; empty when its pages are its author's own."""
    return next((found.path or "" for found in manifest.problems if found.code == NOTE), "")


def _files(manifest: Manifest) -> dict[str, Listed]:
    files = {}
    for path, entry in manifest.entries.items():
        sha256, size = entry.original
        files[path] = Listed(path, Name("sha256", sha256), size)
    return files
