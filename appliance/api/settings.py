"""The effective settings, for operators."""

import msgspec
from quart import Blueprint

from appliance.actor import Actor
from appliance.api.edge import endpoint
from appliance.errors import Forbidden
from appliance.settings import Settings, effective


class EffectiveSettings(msgspec.Struct):
    """Every setting as it would be written in `appliance.toml`, secrets masked."""

    settings: dict[str, str]


def blueprint(settings: Settings) -> Blueprint:
    """The routes."""
    api = Blueprint("api_settings", __name__)

    @endpoint(api, "/settings", reply=EffectiveSettings, errors=(Forbidden,))
    async def show_settings(*, actor: Actor) -> EffectiveSettings:
        """Show what the server runs with."""
        if actor.role != "operator":
            raise Forbidden("Only operators may read the settings.")
        return EffectiveSettings(effective(settings))

    return api
