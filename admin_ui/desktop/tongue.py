"""The language of the window: what the account it signs in chose, what the operator has set, or the system's."""

import babel
from werkzeug.datastructures import LanguageAccept

from admin_ui.languages import Language, shipped
from appliance import opening
from appliance.settings import Settings


async def of_window(settings: Settings) -> Language:
    """To be asked on the server's loop."""
    return shipped().pick(of_system(), await opening.language(), settings.language)


def of_system() -> LanguageAccept:
    """What programs are to speak, by the environment; nothing where it does not say."""
    found = babel.default_locale("LC_MESSAGES") or ""
    return LanguageAccept([(found.replace("_", "-"), 1)] if found else [])
