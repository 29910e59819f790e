"""What is inside a finished deploy: its files with the codings each is kept in, and its rules as they are obeyed."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from appliance.actor import Actor
from appliance.deploys.finding import find
from appliance.errors import Conflict, NotFound
from appliance.storage.manifest import Entry, Manifest, Manifests, Options
from appliance.storage.rules import Rules


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file: its bytes as its author gave them and as it is kept, and the bytes of each coding it is kept in.

    `immutable` says that browsers may keep it for a year, `made` that it was made from what its author gave.
    """

    path: str
    bytes: int
    kept: int
    type: str
    codings: Mapping[str, int]
    immutable: bool
    made: bool


@dataclass(frozen=True, slots=True)
class FilesFacts:
    """Some of the files that were asked for, by path, and of all of them: how many, bytes, and by folder.

    `folders` has the number of files and their bytes in and below each folder, by its path without a closing slash.
    """

    files: list[FileFacts]
    total: int
    bytes: int
    folders: Mapping[str, tuple[int, int]]


class Inside:
    """Looks into deploys. Used on the event loop only; manifests are read in threads."""

    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests

    async def files(self, actor: Actor, deploy: str, page: int, per_page: int, search: str = "") -> FilesFacts:
        """A page of the files with `search` in their paths, in whatever capitals.

        NotFound; Conflict for a deploy that is not ready.
        """
        manifest = await self._manifest(actor, deploy)
        return await asyncio.to_thread(_files, manifest, (page - 1) * per_page, per_page, search.casefold())

    async def rules(self, actor: Actor, deploy: str) -> tuple[Rules, Options]:
        """The rules a deploy is answered by, and the options it was made with; NotFound, Conflict as above."""
        manifest = await self._manifest(actor, deploy)
        return manifest.rules, manifest.options

    async def _manifest(self, actor: Actor, deploy: str) -> Manifest:
        row = await find(actor, deploy)
        if row.state != "ready" or row.manifest is None:
            raise Conflict(
                f"Deploy {row.number} of {row.site.name} has nothing to look into: it is {row.state}.", code="not_ready"
            )
        try:
            return await asyncio.to_thread(self._manifests.get, row.manifest)
        except FileNotFoundError:
            raise NotFound(f"Deploy {row.number} has gone in the meantime.", code="no_such_deploy") from None


def _files(manifest: Manifest, start: int, most: int, search: str) -> FilesFacts:
    entries = manifest.entries
    paths = sorted(path for path in entries if search in path.casefold())
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for path in paths:
        size = entries[path].original[1]
        for folder in _above(path):
            counts[folder] += 1
            sizes[folder] += size
    return FilesFacts(
        files=[_facts(path, entries[path]) for path in paths[start : start + most]],
        total=len(paths),
        bytes=sum(entries[path].original[1] for path in paths),
        folders={folder: (count, sizes[folder]) for folder, count in counts.items()},
    )


def _above(path: str) -> Iterator[str]:
    end = path.find("/")
    while end != -1:
        yield path[:end]
        end = path.find("/", end + 1)


def _facts(path: str, entry: Entry) -> FileFacts:
    codings = {variant.coding: variant.size for variant in entry.variants}
    return FileFacts(path, entry.original[1], entry.size, entry.type, codings, entry.immutable, bool(entry.source))
