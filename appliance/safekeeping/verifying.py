"""Verifies a data folder: finds damage, takes it out of the way, mends it, and leaves word of what it found."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from appliance.data_folder import DataFolder
from appliance.safekeeping import records
from appliance.safekeeping.examining import Damage, Pace, examine
from appliance.safekeeping.records import Verified
from appliance.safekeeping.repairing import repair, set_aside
from appliance.safekeeping.sources import Source


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verification made now; `mended` files came from a backup, `aside` blobs were taken out of the store."""

    verified: Verified
    mended: int
    aside: int


def verify(folder: DataFolder, pace: Pace, tell: Callable[[Damage], None], backup: Source | None = None) -> Outcome:
    """Examine all of it, `tell` of each damage, take damaged blobs out of the store, and mend from a backup.

    Blocks. Raises OSError, Stopped, and what a backup that cannot be used raises.
    """
    began = time.monotonic()
    found: dict[str, Damage] = {}  # one for each file: a thousand deploys may name it
    for damage in examine(folder, pace):
        tell(damage)
        found.setdefault(damage.what, damage)
    aside, mended, left = set_aside(folder, found.values()), 0, list(found.values())
    if backup is not None and left:
        mended, left = repair(folder, backup, left)
    damaged = len({damage.what for damage in left})
    verified = Verified(datetime.now(UTC), time.monotonic() - began, pace.files, pace.bytes, damaged, mended)
    records.keep(folder.verified, verified)
    return Outcome(verified, mended, aside)
