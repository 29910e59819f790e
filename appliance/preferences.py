"""How an account likes its admin: what it chose, kept with it, so that it is the same on every machine."""

from dataclasses import asdict, dataclass

from appliance.actor import Actor
from appliance.errors import Invalid
from appliance.models.account import Account

SCHEMES = ("", "light", "dark")
DENSITIES = ("", "compact")
THEME_LENGTH = 32  # characters, as many as the database keeps
LANGUAGE_LENGTH = 16  # likewise


@dataclass(frozen=True, slots=True)
class Preferences:
    """What an account chose; empty is the system's scheme, the usual density, the installation's theme and language."""

    scheme: str = ""
    density: str = ""
    theme: str = ""
    language: str = ""


async def of(actor: Actor) -> Preferences:
    """Those of an account; one query."""
    found = await Account.filter(id=actor.id).values_list("scheme", "density", "theme", "language")
    return Preferences(*found[0]) if found else Preferences()


async def change(actor: Actor, chosen: Preferences) -> None:
    """Keep what an account chose. Raises Invalid; whether there is such a theme or language its reader knows."""
    if chosen.scheme not in SCHEMES:
        raise Invalid("Choose a scheme from the list.", fields={"scheme": "is one of the list"})
    if chosen.density not in DENSITIES:
        raise Invalid("Choose a density from the list.", fields={"density": "is one of the list"})
    if len(chosen.theme) > THEME_LENGTH:
        raise Invalid("Choose a theme from the list.", fields={"theme": "is one of the list"})
    if len(chosen.language) > LANGUAGE_LENGTH:
        raise Invalid("Choose a language from the list.", fields={"language": "is one of the list"})
    await Account.filter(id=actor.id).update(**asdict(chosen))
