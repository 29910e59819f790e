"""How a site's sources are built: what its owner chose, its flags, and variables that can be written but not read."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tortoise.transactions import in_transaction

from appliance import audit, sites
from appliance.access import Access
from appliance.actor import Actor
from appliance.build_words import command_of, flags_of
from appliance.errors import BadInput, Invalid, NotFound
from appliance.models.build import Build, SiteBuild, SiteVariable
from appliance.models.site import Site
from appliance.prepared import Prepared
from appliance.sealing import Sealer, Unreadable
from appliance.settings import Settings
from builds.errors import BuildError
from builds.generators import GENERATORS
from builds.names import safe_path
from builds.order import FETCH, RUN, Keeping, Order
from builds.recipe import AUTO, STATIC, Choice
from builds.sandbox.values import Bounds, Wishes
from builds.versions import spans

Phase = Literal["build", "fetch", "both"]
PHASES: tuple[Phase, ...] = ("build", "fetch", "both")
TOOLS = ("node", "python", "hugo")  # whose version a site may choose
MOST_VARIABLES = 100  # of a site
LONGEST_VALUE = 32_768  # characters: a PEM chain fits
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_KEPT = re.compile(r"PATH|HOME|TMPDIR|LD_\w*|DROPDOCK_\w*", re.IGNORECASE)  # would change what runs, or where
_VERSION = re.compile(r"[0-9A-Za-z.<>=~^|* +-]{0,60}")


@dataclass(frozen=True, slots=True)
class GeneratorFacts:
    """A generator that a site can be built with."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class VariableFacts:
    """A variable without its value. `readable` is false where the server's key has changed since it was set."""

    name: str
    phase: Phase
    changed_at: datetime
    readable: bool


@dataclass(frozen=True, slots=True)
class SiteBuildFacts:
    """How a site's sources are built, and what may be chosen: the operator's lists of flags and commands.

    `generator` is auto (nobody has said yet: the first source is a question), static or a generator; `base` is null
    where it is to be found.
    """

    generator: str
    base: str | None
    command: str
    output: str
    versions: dict[str, str]
    flags: list[str]
    install_scripts: bool
    variables: list[VariableFacts]
    allowed_flags: list[str] = field(default_factory=list)
    allowed_commands: list[str] = field(default_factory=list)
    generators: list[GeneratorFacts] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ChangeSiteBuild:
    """What is to change; None leaves it. An empty text takes a choice back, `find_base` that of the base.

    `versions` are by tool: node, python, hugo.
    """

    generator: str | None = None
    base: str | None = None
    command: str | None = None
    output: str | None = None
    versions: dict[str, str] | None = None
    flags: list[str] | None = None
    install_scripts: bool | None = None
    find_base: bool = False


@dataclass(frozen=True, slots=True)
class NewVariable:
    """A variable to be set, for one phase or both."""

    name: str
    value: str
    phase: Phase = "build"


_chosen = Prepared(lambda site: SiteBuild.get_or_none(site_id=site), int)


class SiteBuilds:
    """How the sites of this installation are built. Used on the event loop only."""

    def __init__(self, access: Access, cache: Path) -> None:
        self._settings = access.settings
        self._news = access.news
        self._sealer = Sealer(access.keys.sealing)
        self._cache = cache

    async def get(self, actor: Actor, site: str) -> SiteBuildFacts:
        """A site's choices; NotFound."""
        return await self._facts(await sites.find(actor, site))

    async def change(self, actor: Actor, site: str, change: ChangeSiteBuild) -> SiteBuildFacts:
        """Set choices, for deploys from the next one on; NotFound, Invalid, BadInput for a flag that is not allowed."""
        row = await sites.find(actor, site)
        given = {name: getattr(change, name) for name in ChangeSiteBuild.__slots__ if name != "find_base"}
        values = {name: value for name, value in given.items() if value is not None}
        _check(values, self._settings)
        if change.find_base:
            values["base"] = None
        if "versions" in values:
            values["versions"] = {tool: version for tool, version in values["versions"].items() if version}
        async with in_transaction():
            await self._save(row, values)
            if values:
                await audit.record(actor, "build.change", row, **values)
        self._news.site(site)
        return await self._facts(row)

    async def remember(self, site: int, generator: str, base: str | None) -> None:
        """What somebody answered holds for the uploads to come."""
        await self._save(await Site.get(id=site), {"generator": generator, "base": base})

    async def set_variable(self, actor: Actor, site: str, new: NewVariable) -> VariableFacts:
        """Set a variable, for deploys from the next one on; NotFound, Invalid."""
        row = await sites.find(actor, site)
        _check_variable(new)
        known = SiteVariable.filter(site=row, name=new.name)
        sealed = self._sealer.seal(new.value, _purpose(row.id, new.name))
        async with in_transaction():
            if not await known.update(phase=new.phase, sealed=sealed, changed_at=datetime.now(UTC)):
                if await SiteVariable.filter(site=row).count() >= MOST_VARIABLES:
                    sentence = f"{site} has {MOST_VARIABLES} variables: remove some first."
                    raise Invalid(sentence, code="too_many_variables")
                await SiteVariable.create(site=row, name=new.name, phase=new.phase, sealed=sealed)
            await audit.record(actor, "variable.set", row, name=new.name, phase=new.phase)
        self._news.site(site)
        return self._variable(await known.get())

    async def remove_variable(self, actor: Actor, site: str, name: str) -> None:
        """Forget a variable; NotFound."""
        row = await sites.find(actor, site)
        async with in_transaction():
            if not (_NAME.fullmatch(name) and await SiteVariable.filter(site=row, name=name).delete()):
                raise NotFound(f"{site} has no variable {name!r}.", code="no_such_variable")
            await audit.record(actor, "variable.delete", row, name=name)
        self._news.site(site)

    async def order(self, site: Site, build: Build | None, url: str, *, run: bool) -> Order:
        """What the workshop is told of a deploy of the site. Raises BuildError: the operator's lists may have changed.

        `url` is the address the site will have. Unless `run`, it is only looked at, and told no secrets.
        """
        row = await _chosen(site.id) or SiteBuild(site=site)
        answer = build.answer if build else ""
        choice = _choice(row, self._settings, url)
        if build and answer:
            choice = dataclasses.replace(choice, generator=answer, base=build.base)
        return Order(
            choice=choice,
            run=run,
            insist=bool(answer) and answer != AUTO,
            site=str(site.id),
            cache=self._cache,
            keeping=Keeping(
                dependencies=int(self._settings.dependencies_size),
                tools=int(self._settings.tools_size),
                tool_age=float(self._settings.tools_age),
            ),
            variables=await self._variables(site.id) if run else {},
            wishes=wishes_of(self._settings),
            bounds=bounds_of(self._settings),
            registries=dict(pair.split("=", 1) for pair in self._settings.build_registries),
            readable=tuple(Path(path) for path in self._settings.build_readable),
            log=int(self._settings.build_log),
        )

    async def is_decided(self, site: int, build: Build | None) -> bool:
        """Whether somebody has said what sources of the site are, so that one that is sure need not be asked about."""
        if build and build.answer:
            return True
        row = await SiteBuild.get_or_none(site_id=site)
        return row is not None and row.generator != AUTO

    async def _save(self, site: Site, values: dict[str, Any]) -> None:
        row = await SiteBuild.get_or_none(site=site) or await SiteBuild.create(site=site)
        if values:
            await row.update_from_dict(values).save(update_fields=[*values, "changed_at"])

    async def _variables(self, site: int) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {FETCH: {}, RUN: {}}
        for row in await SiteVariable.filter(site_id=site).order_by("name"):
            try:
                value = self._sealer.open(row.sealed, _purpose(site, row.name))
            except Unreadable:
                raise BuildError(
                    "unreadable_variable",
                    f"The variable {row.name} cannot be read: the server's secret key has changed since. Set it again.",
                ) from None
            for phase in (FETCH, RUN) if row.phase == "both" else (row.phase,):
                found[phase][row.name] = value
        return found

    async def _facts(self, site: Site) -> SiteBuildFacts:
        row = await SiteBuild.get_or_none(site=site) or SiteBuild(site=site)
        return SiteBuildFacts(
            generator=row.generator,
            base=row.base,
            command=row.command,
            output=row.output,
            versions=row.versions,
            flags=row.flags,
            install_scripts=row.install_scripts,
            variables=[self._variable(each) for each in await SiteVariable.filter(site=site).order_by("name")],
            allowed_flags=list(self._settings.build_flags),
            allowed_commands=list(self._settings.build_commands),
            generators=[GeneratorFacts(each.name, each.title) for each in GENERATORS],
        )

    def _variable(self, row: SiteVariable) -> VariableFacts:
        try:
            self._sealer.open(row.sealed, _purpose(row.site_id, row.name))
        except Unreadable:
            readable = False
        else:
            readable = True
        phase = next(phase for phase in PHASES if phase == row.phase)
        return VariableFacts(row.name, phase, row.changed_at, readable)


def wishes_of(settings: Settings) -> Wishes:
    """What the operator wants of the sandbox."""
    return Wishes(
        backend=settings.sandbox,
        image=settings.sandbox_image,
        require_isolation=settings.require_isolation,
        uids=(settings.build_uids.first, settings.build_uids.last),
        reach=settings.build_reach,
    )


def bounds_of(settings: Settings) -> Bounds:
    """What one command of a build may use."""
    return Bounds(
        seconds=float(settings.build_timeout),
        memory=int(settings.build_memory),
        processes=settings.build_processes,
        cpu_seconds=int(settings.build_cpu),
        file_size=int(settings.build_file_size),
        workspace=int(settings.build_disk),
        temporary=int(settings.build_temporary),
        open_files=settings.build_open_files,
        output=int(settings.build_output),
    )


def _choice(row: SiteBuild, settings: Settings, url: str) -> Choice:
    try:
        flags = flags_of(row.flags, settings.build_flags)
        command = command_of(row.command, settings.build_commands, settings.build_flags)
    except BadInput as refused:
        raise BuildError(refused.code, f"{refused.detail} The site's build settings have it.") from None
    return Choice(
        generator=row.generator,
        base=row.base,
        command=command,
        output=row.output,
        versions=row.versions,
        flags=flags,
        url=url.removesuffix("/"),
        install_scripts=row.install_scripts,
    )


def check_versions(versions: Mapping[str, str]) -> None:
    """Raise Invalid unless each is of a tool that a site may choose, and says a version, or nothing."""
    for tool, version in versions.items():
        if tool not in TOOLS or not (_VERSION.fullmatch(version) and spans(version)):
            fault = f"are by tool, one of {', '.join(TOOLS)}, and written like 22, 3.12 or >=20 <23"
            raise Invalid(f"Versions {fault}.", code="bad_version", fields={"versions": fault})


def _check(values: dict[str, Any], settings: Settings) -> None:
    """Raise Invalid, or BadInput for what the operator does not allow."""
    known = {AUTO, STATIC, *(generator.name for generator in GENERATORS)}
    if values.get("generator", AUTO) not in known:
        fault = f"is one of: {', '.join(sorted(known))}"
        raise Invalid(f"A site's generator {fault}.", code="no_such_generator", fields={"generator": fault})
    for name in ("base", "output"):
        _check_folder(name, str(values.get(name, "")))
    versions = values.get("versions", {})
    check_versions(versions if isinstance(versions, dict) else {})
    flags = values.get("flags", [])
    flags_of(flags if isinstance(flags, list) else [], settings.build_flags)
    command_of(str(values.get("command", "")), settings.build_commands, settings.build_flags)


def _check_folder(name: str, value: str) -> None:
    try:
        fits = safe_path(value) == value and len(value) <= 1024  # the column's
    except BuildError:
        fits = False
    if not fits:
        fault = "is a folder inside the upload, such as docs, without a slash at either end"
        raise Invalid(f"The {name} {fault}.", code="bad_folder", fields={name: fault})


def _check_variable(new: NewVariable) -> None:
    faults = {}
    if not _NAME.fullmatch(new.name):
        faults["name"] = "has letters, digits and _, no digit first, and at most 128 of them"
    elif _KEPT.fullmatch(new.name):
        faults["name"] = "is one that builds need as it is: choose another"
    if len(new.value) > LONGEST_VALUE or "\0" in new.value or any("\ud800" <= c <= "\udfff" for c in new.value):
        faults["value"] = f"has at most {LONGEST_VALUE:,} characters of Unicode, and no NUL"
    if new.phase not in PHASES:
        faults["phase"] = f"is one of: {', '.join(PHASES)}"
    if faults:
        name, fault = next(iter(faults.items()))
        raise Invalid(f"A variable's {name} {fault}.", code="bad_variable", fields=faults)


def _purpose(site: int, name: str) -> str:
    return f"build variable {name} of site {site}"
