"""What differs between two deploys, or between a listing and what is live: paths, bytes, redirects and headers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance import sites
from appliance.actor import Actor
from appliance.deploys.finding import named
from appliance.errors import Conflict
from appliance.models.deploy import Deploy, Live
from appliance.models.site import Site
from appliance.storage.manifest import Manifest, Manifests
from appliance.storage.rules import HeaderBlock, Redirect

Files = Mapping[str, tuple[str, int]]
"""Path → SHA-256 and size in bytes, as its author gave it."""


@dataclass(frozen=True, slots=True)
class PathSize:
    """A path and the bytes of its file."""

    path: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ChangedPath:
    """A path whose file has other content: its bytes before and after."""

    path: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Lines:
    """Rules, one a line in the words of their files: those that are new, and those that are gone."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Difference:
    """From one deploy to another. `before` and `after` are their ids, None for none and for one that is not made yet.

    `send` is how many bytes a sender would have to send for a deploy that is not made yet.
    """

    before: str | None
    after: str | None
    added: list[PathSize]
    removed: list[PathSize]
    changed: list[ChangedPath]
    unchanged: int
    redirects: Lines = field(default_factory=Lines)
    headers: Lines = field(default_factory=Lines)
    send: int | None = None


class Differences:
    """Compares deploys. Used on the event loop only; manifests are read in threads."""

    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests

    async def between(self, actor: Actor, site: str, before: str, after: str) -> Difference:
        """From one ready deploy of a site to another, each by id, number or alias; NotFound, Conflict."""
        row = await sites.find(actor, site)
        one, other = await self._ready(row, before), await self._ready(row, after)

        def compare() -> Difference:
            return difference(self._manifests.get(one.manifest or ""), self._manifests.get(other.manifest or ""))

        found = await asyncio.to_thread(compare)
        return Difference(one.id, other.id, found.added, found.removed, found.changed, found.unchanged,
                          found.redirects, found.headers)  # fmt: skip

    async def live(self, site: Site) -> tuple[str | None, Files]:
        """The deploy visitors of a site get, and its files; None and none where nothing is live."""
        live = await Live.get_or_none(site=site).select_related("deploy")
        if live is None or live.deploy.manifest is None:
            return None, {}
        manifest = await asyncio.to_thread(self._manifests.get, live.deploy.manifest)
        return live.deploy_id, files_of(manifest)

    async def _ready(self, site: Site, deploy: str) -> Deploy:
        row = await named(site, deploy)
        if row.state != "ready" or row.manifest is None:
            raise Conflict(f"Deploy {row.number} of {site.name} is not ready: it is {row.state}.", code="not_ready")
        return row


def difference(before: Manifest, after: Manifest) -> Difference:
    """From one manifest to another."""
    added, removed, changed, unchanged = compared(files_of(before), files_of(after))
    return Difference(
        before=None,
        after=None,
        added=added,
        removed=removed,
        changed=changed,
        unchanged=unchanged,
        redirects=_lines([*map(_redirect, before.rules.redirects)], [*map(_redirect, after.rules.redirects)]),
        headers=_lines(_headers(before.rules.headers), _headers(after.rules.headers)),
    )


def compared(before: Files, after: Files) -> tuple[list[PathSize], list[PathSize], list[ChangedPath], int]:
    """Added, removed and changed paths, sorted, and how many are the same."""
    added = [PathSize(path, after[path][1]) for path in sorted(after.keys() - before.keys())]
    removed = [PathSize(path, before[path][1]) for path in sorted(before.keys() - after.keys())]
    both = before.keys() & after.keys()
    changed = [ChangedPath(p, before[p][1], after[p][1]) for p in sorted(both) if before[p][0] != after[p][0]]
    return added, removed, changed, len(both) - len(changed)


def files_of(manifest: Manifest) -> Files:
    """The files of a deploy as their author gave them."""
    return {path: entry.original for path, entry in manifest.entries.items()}


def _lines(before: list[str], after: list[str]) -> Lines:
    old, new = set(before), set(after)
    return Lines([line for line in after if line not in old], [line for line in before if line not in new])


def _redirect(rule: Redirect) -> str:
    where = f"https://{rule.host}{rule.path}" if rule.host else rule.path
    query = [f"{key}={value}" for key, value in rule.query]
    conditions = [f"{name}={','.join(values)}" for name, values in rule.conditions]
    return " ".join([where, *query, rule.to, f"{rule.status}{'!' if rule.force else ''}", *conditions])


def _headers(blocks: tuple[HeaderBlock, ...]) -> list[str]:
    lines = []
    for block in blocks:
        where = f"https://{block.host}{block.path}" if block.host else block.path
        lines += [f"{where}  {name}: {value}" for name, value in block.fields]
        lines += [f"{where}  ! {name}" for name in block.drop]
    return lines
