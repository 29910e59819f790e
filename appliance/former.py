"""What visitors of a site had before: earlier deploys, and how long their assets go on answering."""

from dataclasses import dataclass
from datetime import UTC, datetime

from appliance.models.deploy import Publication
from appliance.pointer import Earlier
from appliance.prepared import Prepared

DAY = 24 * 60 * 60.0  # seconds
_MOVES_LOOKED_AT = 50  # of the live pointer, for what the site's visitors may have in their browsers
_MOVES_FOR_EACH = 4  # moves of the live pointer looked at for each deploy: going back and forth adds no deploy


_moves_to_ready = Prepared(
    lambda site, most: (
        Publication.filter(site__name=site, deploy__state="ready")
        .order_by("-id")
        .limit(most)
        .values_list("deploy_id", "deploy__manifest", "at")
    ),
    str,
    int,
)
_manifests_of_moves = Prepared(
    lambda site: (
        Publication.filter(site__name=site)
        .order_by("-id")
        .limit(_MOVES_LOOKED_AT)
        .values_list("deploy__manifest", flat=True)
    ),
    str,
)


@dataclass(frozen=True, slots=True)
class GraceTime:
    """How many earlier deploys still answer for their assets, and for how many seconds after they were replaced."""

    deploys: int = 10
    seconds: float = 7 * DAY


async def earlier_deploys(site: str, deploy: str, grace: GraceTime) -> tuple[Earlier, ...]:
    """The deploys of a site that were live other than `deploy` and are within the grace time, the last one first.

    Only what was live counts, and only while it exists: drafts had no visitors, and failed deploys no content.
    """
    rows = await _moves_to_ready(site, grace.deploys * _MOVES_FOR_EACH)
    found: dict[str, Earlier] = {}
    now = replaced = datetime.now(UTC)
    for mover, manifest, at in rows:
        until = replaced.timestamp() + grace.seconds
        if mover != deploy and mover not in found and until > now.timestamp():
            found[mover] = Earlier(manifest, until)
        replaced = at
    return tuple(found.values())[: grace.deploys]


async def published_manifests(site: str) -> tuple[str, ...]:
    """The manifests of what a site's visitors have had lately, the last first, each once."""
    return tuple(dict.fromkeys(str(name) for name in await _manifests_of_moves(site)))
