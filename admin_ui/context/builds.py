"""What the page of a site's builds shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from admin_ui.context.common import Choice
from admin_ui.context.deploys import site_href
from admin_ui.told import told
from admin_ui.words import Moment, moment, t
from appliance.isolation import IsolationFacts
from appliance.site_builds import PHASES, SiteBuildFacts, VariableFacts

ASK = "auto"  # the generator's name where the site's people are to be asked
BUILD = "build"  # the phase that most variables are for
TOP = "."  # how a person writes the top folder, for an empty field means that it is looked for


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable's name and the phases that get it; its value is nobody's to see."""

    name: str
    phase: str
    changed: Moment
    readable: bool
    delete_href: str


@dataclass(frozen=True, slots=True)
class BuildsPage:
    """How a site's sources are built."""

    title: str
    name: str
    site_href: str
    href: str
    generator: str
    generators: list[Choice]
    base: str
    output: str
    command: str
    commands_hint: str
    flags: str
    flags_hint: str
    node: str
    python: str
    hugo: str
    install_scripts: bool
    variables: list[Variable]
    isolation: str
    isolated: bool
    variable: str = ""  # as it was typed
    phase: str = BUILD
    refusal: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    phases: Sequence[Choice] = field(default_factory=lambda: [Choice(each, t(f"phases.{each}")) for each in PHASES])


def builds_href(site: str) -> str:
    """The page of a site's builds."""
    return f"{site_href(site)}/builds"


def builds_page(site: str, facts: SiteBuildFacts, isolation: IsolationFacts) -> BuildsPage:
    """From how a site is built, and what holds a build."""
    return BuildsPage(
        title=t("builds.title", site=site),
        name=site,
        site_href=site_href(site),
        href=builds_href(site),
        generator=facts.generator,
        generators=[Choice(ASK, t("builds.ask")), *(Choice(each.name, told(each.title)) for each in facts.generators)],
        base=TOP if facts.base == "" else facts.base or "",
        output=facts.output,
        command=facts.command,
        commands_hint=_allowed(facts.allowed_commands, "builds.no_commands"),
        flags="\n".join(facts.flags),
        flags_hint=_allowed(facts.allowed_flags, "builds.no_flags"),
        node=facts.versions.get("node", ""),
        python=facts.versions.get("python", ""),
        hugo=facts.versions.get("hugo", ""),
        install_scripts=facts.install_scripts,
        variables=[_variable(site, each) for each in facts.variables],
        isolation=isolation.about,
        isolated=isolation.isolated,
    )


def as_typed(page: BuildsPage, form: Mapping[str, str]) -> BuildsPage:
    """The page with what somebody chose and typed, which was refused, to be mended there."""
    return replace(
        page,
        generator=form.get("generator", ""),
        base=form.get("base", ""),
        output=form.get("output", ""),
        command=form.get("command", ""),
        flags=form.get("flags", ""),
        node=form.get("node", ""),
        python=form.get("python", ""),
        hugo=form.get("hugo", ""),
        install_scripts=form.get("install_scripts") == "on",
    )


def variable_as_typed(page: BuildsPage, form: Mapping[str, str]) -> BuildsPage:
    """The page with the name and phase of a variable that was refused; of `NAME=value` without what may be secret."""
    name = form.get("name", "").partition("=")[0]
    return replace(page, variable=name.strip(), phase=form.get("phase", BUILD))


def _allowed(these: Sequence[str], none: str) -> str:
    return t("builds.allowed", these=", ".join(these)) if these else t(none)


def _variable(site: str, facts: VariableFacts) -> Variable:
    href = f"{builds_href(site)}/variables/{facts.name}/delete"
    return Variable(facts.name, t(f"phase_words.{facts.phase}"), moment(facts.changed_at), facts.readable, href)
