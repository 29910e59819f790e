"""Posted forms, read into the same requests the API makes."""

from collections.abc import Mapping

from appliance.accounts import ChangeAccount, NewAccount
from appliance.actor import RIGHTS, Right
from appliance.errors import Invalid
from appliance.gates import COVERS, ChangeGate, NewLink
from appliance.git.sources import SetSource
from appliance.preferences import Preferences
from appliance.site_builds import PHASES, TOOLS, ChangeSiteBuild, NewVariable
from appliance.sites import ChangeSite, NewSite

HTML_MODES = ("natural", "auto", "slash", "noslash", "exact")
DIALECTS = ("netlify", "cloudflare")

Fields = Mapping[str, str]


def new_site(form: Fields) -> NewSite:
    """A name, without the blanks and capitals a phone's keyboard adds."""
    return NewSite(form.get("name", "").strip().lower())


def change_site(form: Fields) -> ChangeSite:
    """All options of a site: a box that is not ticked is not sent. Raises Invalid."""
    return ChangeSite(
        dialect=_one_of("dialect", form, DIALECTS),  # type: ignore[arg-type]  # one of the literals, just checked
        html=_one_of("html", form, HTML_MODES),  # type: ignore[arg-type]  # one of the literals, just checked
        spa=form.get("spa") == "on",
        any_case=form.get("any_case") == "on",
        minify=form.get("minify") == "on",
        head_snippet=form.get("head_snippet", "").strip(),
    )


def change_gate(form: Fields) -> ChangeGate:
    """What a gate covers, where that is said, and a password unless it was left empty. Raises Invalid."""
    covers = _one_of("covers", form, COVERS) if "covers" in form else None
    return ChangeGate(covers, form.get("password") or None)  # type: ignore[arg-type]  # one of the literals, just checked


def set_source(form: Fields) -> SetSource:
    """Where a site is deployed from; a token that was left empty stays as it is."""
    texts = {name: form.get(name, "").strip() for name in ("url", "branch", "folder", "username")}
    return SetSource(**texts, token=form.get("token") or None, previews=form.get("previews") == "on")


def new_link(form: Fields) -> NewLink:
    """What for, and how long; whether that may be is checked where links are made."""
    given = form.get("lifetime", "")
    return NewLink(int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0, form.get("label", ""))


def change_build(form: Fields) -> ChangeSiteBuild:
    """All choices of how a site is built; whether they may be is checked where they are kept."""
    base = form.get("base", "").strip().strip("/")
    return ChangeSiteBuild(
        generator=form.get("generator", ""),
        base="" if base == "." else base or None,
        command=form.get("command", "").strip(),
        output=form.get("output", "").strip().strip("/"),
        versions={tool: form.get(tool, "").strip() for tool in TOOLS},
        flags=[line.strip() for line in form.get("flags", "").splitlines() if line.strip()],
        install_scripts=form.get("install_scripts") == "on",
        find_base=not base,
    )


def new_variable(form: Fields) -> NewVariable:
    """A variable of a site's builds; a value of several lines keeps its line ends."""
    phase = next((phase for phase in PHASES if phase == form.get("phase")), PHASES[0])
    return NewVariable(form.get("name", "").strip(), form.get("value", "").replace("\r\n", "\n"), phase)


def new_account(form: Fields) -> NewAccount:
    """E-mail, role and password; whether they may be is checked where accounts are made."""
    return NewAccount(form.get("email", ""), form.get("role", "user"), form.get("password", ""))


def change_account(form: Fields) -> ChangeAccount:
    """Role, standing, and a plan where it was asked for."""
    disabled = form.get("disabled") == "on"
    return ChangeAccount(form.get("role", ""), disabled, plan=form.get("plan"))


def preferences(form: Fields) -> Preferences:
    """How the admin is to look; whether it may be is checked where that is kept."""
    return Preferences(*(form.get(name, "") for name in ("scheme", "density", "theme", "language")))


def new_password(form: Fields) -> str:
    """A password typed twice alike; Invalid."""
    if form.get("password") != form.get("again"):
        raise Invalid("The two passwords differ.", fields={"again": "is not the same"})
    return form.get("password", "")


def right(text: str) -> Right:
    """What a token may do; all where the form does not say. Invalid."""
    found = next((known for known in RIGHTS if known == (text or "all")), None)
    if found is None:
        raise Invalid(f"A token cannot have the right {text!r}: it is one of {', '.join(RIGHTS)}.")
    return found


def confirmed(form: Fields, name: str) -> None:
    """Raise Invalid unless the name of what is to go, or of whose it is, was typed."""
    if form.get("confirm", "").strip() != name:
        raise Invalid(f"Nothing was done: type {name} to confirm.", fields={"confirm": "was not typed"})


def local_path(given: str) -> str:
    """Where to go after signing in: a path of this admin, never another host; `/` for anything else."""
    is_path = given.startswith("/") and not given.startswith(("//", "/\\"))
    return given if is_path and given.isprintable() and "\\" not in given else "/"


def page_number(query: Fields) -> int:
    """Which page of a list, from 1; the first for anything else."""
    given = query.get("page", "")
    return min(max(int(given), 1), 1_000_000) if given.isascii() and given.isdigit() and len(given) < 10 else 1


def _one_of(name: str, form: Fields, choices: tuple[str, ...]) -> str:
    given = form.get(name, "")
    if given not in choices:
        raise Invalid(f"{given!r} is not one of: {', '.join(choices)}.", fields={name: "is not one of the choices"})
    return given
