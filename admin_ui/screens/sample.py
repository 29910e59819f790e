"""A sample site, for whoever has nothing to publish yet: made and sent by one button."""

import io
import zipfile
from collections.abc import AsyncIterator
from importlib import resources

from quart import Response

from admin_ui.context.deploys import site_href
from admin_ui.edge import Route, Visit, go
from admin_ui.words import t
from appliance.deploys import NewDeploy
from appliance.errors import Conflict
from appliance.sites import NewSite

NAME = "sample"
MOST = 20  # names that are tried: sample, sample-2 …
FILES = ("index.html", "404.html", "style.css")


async def publish(visit: Visit) -> Response:
    """Make the site, send what it holds, and go to its page, which shows how that goes."""
    site = await _made(visit)
    archive = _archive()
    new = NewDeploy(message=t("sample.message"), filename=f"{NAME}.zip")
    await visit.parts.intake.receive(visit.actor, site, new, _whole(archive), len(archive))
    return go(site_href(site))


async def _made(visit: Visit) -> str:
    for number in range(1, MOST + 1):
        name = NAME if number == 1 else f"{NAME}-{number}"
        try:
            return (await visit.parts.sites.create(visit.actor, NewSite(name))).name
        except Conflict:
            continue  # somebody has one already
    raise Conflict(f"There are {MOST} sample sites already: delete one, or name a site yourself.")


def _archive() -> bytes:
    shipped = resources.files("admin_ui") / "sample"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in FILES:
            archive.writestr(name, (shipped / name).read_bytes())
    return buffer.getvalue()


async def _whole(archive: bytes) -> AsyncIterator[bytes]:
    yield archive


ROUTES = (Route("/sample", publish, "POST"),)
