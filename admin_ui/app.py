"""Puts the admin together: its screens, its shipped files, and pages for what goes wrong."""

from quart import Blueprint

from admin_ui import faults
from admin_ui.assets import Assets
from admin_ui.edge import Edge
from admin_ui.languages import shipped
from admin_ui.look import themes
from admin_ui.look.tokens import Tokens
from admin_ui.pages import Pages
from admin_ui.screens import SCREENS
from appliance.parts import Parts


def blueprints(parts: Parts) -> list[Blueprint]:
    """The admin's blueprints, for the app's root. Raises Unusable when the theme or language set cannot be used."""
    admin = Blueprint("admin", "admin_ui")
    shipped().check(parts.settings.language)
    chosen = themes.of(parts.settings, Tokens.shipped())
    assets = Assets.load(chosen)
    edge = Edge(admin, parts, Pages(assets.prefix, chosen))
    for screen in SCREENS:
        for route in screen.ROUTES:
            edge.add(route)
    assets.serve(admin)
    faults.install(admin, edge)
    return [admin]
