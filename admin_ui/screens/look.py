"""How the admin looks and speaks to one's own account; the form stands on the account's page."""

from quart import Response

from admin_ui import forms
from admin_ui.edge import Route, Visit, fields, go
from admin_ui.languages import shipped
from appliance import preferences
from appliance.errors import Invalid


async def change(visit: Visit) -> Response:
    """Keep what was chosen; the next page is already like it."""
    chosen = forms.preferences(await fields())
    if chosen.theme and chosen.theme not in visit.pages.themes.found:
        raise Invalid("There is no such theme any more: choose one from the list.", fields={"theme": "is gone"})
    if chosen.language and chosen.language not in shipped().all:
        raise Invalid("There is no such language: choose one from the list.", fields={"language": "is one of the list"})
    await preferences.change(visit.actor, chosen)
    return go("/account", done="saved")


ROUTES = (Route("/account/look", change, "POST"),)
