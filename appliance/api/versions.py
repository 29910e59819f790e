"""The versions of a site: compared, downloaded, deleted."""

from typing import Annotated

import msgspec
from quart import Blueprint, Response

from appliance.actor import Actor
from appliance.api.edge import endpoint
from appliance.deploys import Difference, Differences, Downloads, Withdrawing
from appliance.errors import Conflict, Invalid, NotFound

ZIP = "application/zip"


class Two(msgspec.Struct, frozen=True, kw_only=True):
    """Two deploys of the site, each by id, number or alias."""

    before: Annotated[str, msgspec.Meta(min_length=1, max_length=63)]
    after: Annotated[str, msgspec.Meta(min_length=1, max_length=63)]


def blueprint(differences: Differences, downloads: Downloads, withdrawing: Withdrawing) -> Blueprint:
    """The routes."""
    api = Blueprint("api_versions", __name__)

    @endpoint(api, "/sites/<name>/diff", query=Two, reply=Difference, errors=(NotFound, Conflict, Invalid))
    async def compare_deploys(*, actor: Actor, name: str, query: Two) -> Difference:
        """Say what differs between two deploys: paths, bytes, redirects and headers."""
        return await differences.between(actor, name, query.before, query.after)

    @endpoint(api, "/deploys/<deploy>/download", stream=ZIP, errors=(NotFound, Conflict))
    async def download_deploy(*, actor: Actor, deploy: str) -> Response:
        """Download a deploy as a ZIP of the files it was made of, with `.dropdock/manifest.json`."""
        download = await downloads.zip(actor, deploy)
        response = Response(download.pieces, content_type=ZIP)
        response.headers["Content-Disposition"] = f'attachment; filename="{download.filename}"'
        response.headers["Cache-Control"] = "no-store"
        response.timeout = None  # a large one takes longer than an ordinary answer
        return response

    @endpoint(api, "/deploys/<deploy>", method="DELETE", status=204, errors=(NotFound, Conflict))
    async def delete_deploy(*, actor: Actor, deploy: str) -> None:
        """Delete a deploy that is not live and has no alias."""
        await withdrawing.delete(actor, deploy)

    return api
