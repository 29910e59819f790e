"""How the work on a deploy ended: a line in the log, and figures for whoever counts."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from appliance.deploys import Failure, Work

LOOKED_UP = ("cache_hits", "cache_misses", "kept_hits", "kept_misses")  # what is counted of a result

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finished:
    """A deploy's end: `state` is ready, cancelled or failed."""

    state: str
    seconds: float
    cache_hits: int = 0  # files of which what was made before was used again
    cache_misses: int = 0
    kept_hits: int = 0  # folders of dependencies that were installed before
    kept_misses: int = 0


def told(work: Work, seconds: float, looked_up: Mapping[str, int], failure: Failure | None) -> Finished:
    """Say in the log how it ended, and the same in figures; `looked_up` is by the names in LOOKED_UP."""
    facts = {"deploy": work.deploy, "site": work.site, "seconds": round(seconds, 3)}
    if failure is None:
        log.info("deploy_ready", **facts)
    else:
        log.info("deploy_failed", code=failure.code, **facts)
    return Finished(_state(failure), seconds, **looked_up)


def _state(failure: Failure | None) -> str:
    if failure is None:
        return "ready"
    return "cancelled" if failure.code == "cancelled" else "failed"
