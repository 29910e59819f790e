"""Puts the admin together: its screens, its shipped files, and pages for what goes wrong."""

import structlog
from quart import Blueprint

from admin_ui import faults
from admin_ui.assets import Assets
from admin_ui.edge import Edge
from admin_ui.languages import shipped
from admin_ui.look import themes
from admin_ui.look.themes import Themes
from admin_ui.look.tokens import Tokens
from admin_ui.pages import Pages
from admin_ui.screens import SCREENS
from appliance.data_folder import Finding
from appliance.parts import Parts
from appliance.settings import Settings

log = structlog.get_logger(__name__)


def blueprints(parts: Parts) -> list[Blueprint]:
    """The admin's blueprints, for the app's root. Raises Unusable when the theme or language set cannot be used."""
    admin = Blueprint("admin", "admin_ui")
    chosen = _chosen(parts.settings)
    for reason in chosen.refused:
        log.warning("theme_refused", reason=reason)
    assets = Assets.load(chosen)
    edge = Edge(admin, parts, Pages(assets.prefix, chosen))
    for screen in SCREENS:
        for route in screen.ROUTES:
            edge.add(route)
    assets.serve(admin)
    faults.install(admin, edge)
    return [admin]


def findings(settings: Settings) -> list[Finding]:
    """What an operator should know of the theme and language set, and of other themes. Raises Unusable as above."""
    return [Finding("warning", "theme_refused", reason) for reason in _chosen(settings).refused]


def _chosen(settings: Settings) -> Themes:
    shipped().check(settings.language)
    return themes.of(settings, Tokens.shipped())
