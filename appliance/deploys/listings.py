"""Deploys made of listed content: begun with paths and digests, sent what is missing, finished in one step.

What was begun is a file beside the account's pending content, so it survives a stop; only when it is finished does it
become a row, and from then on it goes the way of every upload. A crash before that leaves nothing but a listing, which
can be finished later.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path

import msgspec
import structlog

from appliance import sites
from appliance.actor import Actor
from appliance.allowance import Allowance
from appliance.data_folder import DataFolder
from appliance.deploys import listed
from appliance.deploys.contents import Contents, Stored
from appliance.deploys.deploys import Deploys
from appliance.deploys.differences import Difference, Differences, compared
from appliance.deploys.digests import KINDS, Name
from appliance.deploys.finding import known_id
from appliance.deploys.listed import Kept, Listed, Listing, Opened, once
from appliance.deploys.patching import Base, Patched
from appliance.deploys.values import DeployFacts, NewDeploy
from appliance.errors import Conflict, Invalid, Limit, NotFound, TooLarge
from appliance.models.deploy import Deploy
from appliance.models.site import Site
from appliance.progress import Progress
from builds.errors import BuildError
from builds.listing import arranged
from builds.listing import kept as paths_kept
from builds.lone_file import lone_file
from builds.values import Limits

log = structlog.get_logger(__name__)

NAMED = 3  # missing files named in a sentence

Submit = Callable[[str], Awaitable[None]]
"""Queues a deploy that was accepted."""


class Listings:
    """Deploys begun by listing their content. Used on the event loop only."""

    def __init__(
        self,
        folder: DataFolder,
        deploys: Deploys,
        submit: Submit,
        contents: Contents,
        allowance: Allowance,
        limits: Limits,
    ) -> None:
        self._allowance = allowance
        self._folder = folder
        self._deploys = deploys
        self._submit = submit
        self._contents = contents
        self._limits = limits
        self._base = Base(folder.stored_manifests)
        self._differences = Differences(folder.stored_manifests)
        self._awaited: dict[str, set[Name]] = {}  # by deploy, what is missing still, where that was asked
        self._finishing = asyncio.Lock()

    async def open(self, actor: Actor, site: str, new: NewDeploy) -> Opened:
        """Begin a deploy whose files are listed later; raises what `Deploys.expected` does, TooLarge by the plan."""
        row = await sites.find(actor, site)
        await self._deploys.expected(actor, row, new)
        await self._allowance.check(row.owner_id)
        await self._keep(actor, new.id, Kept(site, new))
        return Opened(new.id, site, new, None, ())

    async def fill(self, actor: Actor, deploy: str, listing: Listing) -> Opened:
        """List what a deploy that was begun is to hold.

        NotFound; Invalid for paths and digests that cannot be, Conflict for a base that cannot be built upon, TooLarge
        (entries, unpacked_size, file_size, path_length, path_depth, pending_size, or the owner's plan).
        """
        kept = await self._read(actor, deploy)
        site = await sites.find(actor, kept.site)
        patched = await self._patched(site, listing)
        try:
            wanted = await asyncio.to_thread(
                paths_kept, [(f.path, f.name.value, f.size or 0) for f in patched.files], self._limits
            )
        except BuildError as error:
            raise _refused(error) from None
        left_out = tuple(file.path for file in patched.files if file.path not in wanted)
        files = tuple(file for file in patched.files if file.path in wanted)
        kept = replace(kept, files=files, left_out=left_out, exact=patched.exact)
        kept = replace(kept, base=patched.base, checked=listing.checked)
        await self._keep(actor, deploy, kept)
        opened = await self._opened(actor, deploy, kept)
        await self._allowance.check_upload(site.owner_id, sum(file.size or 0 for file in opened.missing))
        return opened

    async def begin(self, actor: Actor, site: str, new: NewDeploy, listing: Listing) -> Opened:
        """Begin a deploy and list what it is to hold; raises what `open` and `fill` do."""
        await self.open(actor, site, new)
        try:
            return await self.fill(actor, new.id, listing)
        except BaseException:
            await self.cancel(actor, new.id)
            raise

    async def get(self, actor: Actor, deploy: str) -> Opened:
        """A deploy that was begun, and what is missing of it now; NotFound once it is finished."""
        return await self._opened(actor, deploy, await self._read(actor, deploy))

    async def named(self, actor: Actor, deploy: str, path: str) -> Name:
        """Which content a path of a deploy that was begun has; NotFound."""
        kept = await self._read(actor, deploy)
        for file in kept.files or ():
            if file.path == path:
                return file.name
        raise NotFound(f"Deploy {deploy} does not list {path!r}.", code="not_listed")

    async def received(self, actor: Actor, deploy: str, name: Name) -> DeployFacts | None:
        """Content of a deploy has come: finish it if that was the last that was missing."""
        awaited = self._awaited.get(deploy)
        if awaited is not None:
            awaited.discard(name)
            if awaited:
                return None
        opened = await self.get(actor, deploy)  # asks again, which makes sure
        return await self.finish(actor, deploy) if opened.is_complete else None

    async def finish(self, actor: Actor, deploy: str) -> DeployFacts:
        """Make a deploy of what was listed, now that all of it is here; asked again, it answers the same.

        NotFound; Conflict (content_missing) names what is not here, and what `Deploys.accept` raises.
        """
        async with self._finishing:
            if await Deploy.exists(id=known_id(deploy)):
                return await self._deploys.get(actor, deploy)
            kept = await self._read(actor, deploy)
            known = await self._known(actor, kept)
            await self._check_sent(actor, kept, known)
            await asyncio.to_thread(self._write, actor.id, deploy, kept, known)
            progress = Progress()
            size = sum(known[file.name].size for file in kept.files or ())
            progress.step("receive", size, size)
            try:
                facts = await self._deploys.accept(actor, kept.site, kept.new, progress)
            except BaseException:
                self._path(deploy).unlink(missing_ok=True)
                raise
        if facts.id == deploy:
            await self._submit(deploy)
        else:  # another request with the same key was faster
            self._path(deploy).unlink(missing_ok=True)
        await self._drop(actor, deploy)
        return facts

    async def make(self, actor: Actor, site: str, new: NewDeploy, listing: Listing) -> DeployFacts:
        """Begin a deploy and finish it; raises what these do."""
        await self.begin(actor, site, new, listing)
        try:
            return await self.finish(actor, new.id)
        except BaseException:
            await self._drop(actor, new.id)
            raise

    async def cancel(self, actor: Actor, deploy: str) -> None:
        """Give up a deploy that was begun; what was sent for it stays pending. No error when it is gone."""
        await self._drop(actor, deploy)

    async def compare(self, actor: Actor, site: str, listing: Listing) -> Difference:
        """What a deploy of this listing would change of what is live, and how much of it would have to be sent.

        Its names are SHA-256. Raises what `fill` does; nothing is kept.
        """
        row = await sites.find(actor, site)
        patched = await self._patched(row, listing)
        rows = [(file.path, file.name.value, file.size or 0) for file in patched.files]
        try:
            as_it_would_be = await asyncio.to_thread(arranged, rows, self._limits, exact=patched.exact)
        except BuildError as error:
            raise _refused(error) from None
        after = {file.path: (file.sha256, file.size) for file in as_it_would_be.files}
        live, before = await self._differences.live(row)
        if not patched.exact and lone_file(as_it_would_be):  # the page that shows it changes as it does
            before = {path: content for path, content in before.items() if path != "index.html"}
        contents = dict(after.values())
        names = [Name("sha256", sha256) for sha256 in contents]
        known = await self._contents.known(actor, names, row, base=patched.base)
        send = sum(size for sha256, size in contents.items() if Name("sha256", sha256) not in known)
        return Difference(live, None, *compared(before, after), send=send)

    # ── one that was begun ──

    async def _patched(self, site: Site, listing: Listing) -> Patched:
        """All files of a listing."""
        _check_names(listing.files)
        return await self._base.patched(site, listing) if listing.base else Patched(listing.files, listing.exact)

    async def _opened(self, actor: Actor, deploy: str, kept: Kept) -> Opened:
        if kept.files is None:
            return Opened(deploy, kept.site, kept.new, None, ())
        known = await self._look(actor, kept)
        missing = once(file for file in kept.files if file.name not in known)
        self._awaited[deploy] = {file.name for file in missing}
        return Opened(deploy, kept.site, kept.new, len(kept.files), missing)

    async def _known(self, actor: Actor, kept: Kept) -> dict[Name, Stored]:
        """Everything it lists; Conflict when something is missing or not as large as was said."""
        known = await self._look(actor, kept)
        missing = once(file for file in kept.files or () if file.name not in known)
        if missing or kept.files is None:
            raise _missing(missing)
        for file in kept.files:
            size = known[file.name].size
            if file.size is not None and file.size != size:
                raise Invalid(f"{file.path!r} has {size} bytes, not the {file.size} listed.", code="wrong_size")
        return known

    async def _check_sent(self, actor: Actor, kept: Kept, known: dict[Name, Stored]) -> None:
        """TooLarge when the plan of the site's owner takes less than what was sent for this."""
        owner = (await sites.find(actor, kept.site)).owner_id
        sent = await asyncio.to_thread(self._contents.of(actor.id).sizes)
        await self._allowance.check_upload(
            owner, sum(sent.get(sha256, 0) for sha256 in {s.sha256 for s in known.values()})
        )

    async def _look(self, actor: Actor, kept: Kept) -> dict[Name, Stored]:
        site = await sites.find(actor, kept.site)
        files = kept.files or ()
        paths = {file.name: file.path for file in files}
        return await self._contents.known(actor, paths, site, paths, kept.base)

    async def _read(self, actor: Actor, deploy: str) -> Kept:
        try:
            stored = await asyncio.to_thread(self._contents.of(actor.id).listing, _file_name(deploy))
            return listed.load(stored)
        except (FileNotFoundError, msgspec.DecodeError):
            raise NotFound(
                f"There is no deploy {deploy!r} under way: it is finished, or was begun too long ago.",
                code="no_such_deploy",
            ) from None

    async def _keep(self, actor: Actor, deploy: str, kept: Kept) -> None:
        stored = listed.dump(kept)
        await self._contents.reserve(actor.id, len(stored))
        pending = self._contents.of(actor.id)

        def write() -> None:
            pending.create()
            pending.put_listing(_file_name(deploy), stored)

        await asyncio.to_thread(write)

    async def _drop(self, actor: Actor, deploy: str) -> None:
        self._awaited.pop(deploy, None)
        await asyncio.to_thread(self._contents.of(actor.id).drop_listing, _file_name(deploy))
        self._contents.forget_count(actor.id)

    def _path(self, deploy: str) -> Path:
        return self._folder.listed(_file_name(deploy))

    def _write(self, account: int, deploy: str, kept: Kept, known: dict[Name, Stored]) -> None:
        """The listing as the workshop takes it; what is pending of it is kept for as long again."""
        rows = [(file.path, known[file.name].sha256, known[file.name].size) for file in kept.files or ()]
        self._contents.of(account).touch({sha256 for _, sha256, _ in rows})
        rows += [(path, "", 0) for path in kept.left_out]
        value = {"account": account, "exact": kept.exact, "checked": kept.checked, "files": rows}
        self._path(deploy).write_bytes(msgspec.json.encode(value))


def _file_name(deploy: str) -> str:
    """The id, or one that no deploy has, for what cannot be one: it becomes a file's name."""
    return deploy if deploy.isascii() and deploy.isalnum() and known_id(deploy) else "-"


def _check_names(files: Iterable[Listed]) -> None:
    for file in files:
        if not file.name.is_one:
            kinds = ", ".join(KINDS)
            raise Invalid(
                f"The digest of {file.path!r} is none: use one of {kinds}, in lower-case hexadecimal.",
                code="bad_digest",
            )


def _missing(files: tuple[Listed, ...]) -> Conflict:
    names = ", ".join(repr(file.path) for file in files[:NAMED])
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    what = f"the content of {names}{more} is not here: send it" if files else "its files were not listed: list them"
    return Conflict(f"This deploy cannot be finished yet: {what}, then finish it.", code="content_missing")


def _refused(error: BuildError) -> Invalid | TooLarge:
    if error.limit is not None:
        return TooLarge(error.detail, code=error.code, limit=Limit(*error.limit))
    return Invalid(error.detail, code=error.code)
