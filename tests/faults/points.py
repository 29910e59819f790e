"""The named steps at which a fault can be put into the program: the one list of them.

The program itself knows nothing of this: `tests/faults/program.py` wraps the function that stands at a step, so that
what is shipped has no switch for faults, and no step costs anything.
"""

import functools
import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Point:
    """A step, as `step.moment`: the fault comes as the function at `place` is called (`module:Class.method`).

    `stores` says that something is written there, so that a disk can fail.
    """

    name: str
    place: str
    stores: bool = False

    def owner(self) -> tuple[Any, str]:
        """What holds the function, and its name there; raises when the program has no such function any more."""
        module, _, path = self.place.partition(":")
        *owners, name = path.split(".")
        owner = functools.reduce(getattr, owners, importlib.import_module(module))
        getattr(owner, name)
        return owner, name


POINTS = (
    Point("receive.write", "appliance.intake:_flush", stores=True),
    Point("receive.record", "appliance.deploys.deploys:Deploys._record"),  # in its transaction
    Point("receive.queue", "appliance.jobs:Jobs.accept"),  # recorded, not queued
    Point("listed.write", "appliance.storage.pending:Receiving.write", stores=True),
    Point("listed.keep", "appliance.storage.pending:Receiving.keep", stores=True),
    Point("listed.finish", "appliance.deploys.listings:Listings._write", stores=True),
    Point("listed.settle", "appliance.listed_content:ListedContent.settle"),  # published, what was sent is still kept
    Point("unpack.begin", "builds.archive:unpack", stores=True),  # from here on in the build child
    Point("unpack.write", "appliance.storage.blobs:StagedBlobs._write", stores=True),
    Point("build.transform", "builds.pipeline:transform", stores=True),
    Point("generate.begin", "builds.generate:generate"),
    Point("generate.fetch", "builds.generate:_Bench.fetch", stores=True),
    Point("generate.run", "builds.generate:_Bench.carry_out"),
    Point("generate.collect", "builds.generate:collect", stores=True),
    Point("store.commit", "appliance.storage.blobs:StagedBlobs.commit", stores=True),
    Point("store.sync", "appliance.storage.blobs:sync_filesystem", stores=True),  # before and after the renames
    Point("store.manifest", "appliance.storage.manifest:Manifests.put", stores=True),  # in the server again
    Point("store.manifest-named", "appliance.storage.manifest:sync_folder", stores=True),
    Point("publish.begin", "appliance.deploys.publishing:Publishing.finish"),
    Point("publish.commit", "appliance.deploys.publishing:move_live"),  # in its transaction; a rollback's too
    Point("publish.swap", "appliance.live:LiveSites.swap"),  # committed, not swapped in
    Point("publish.clean-up", "appliance.jobs:Jobs._clean_up"),
    Point("rollback.begin", "appliance.deploys.publishing:Publishing._point"),
    Point("alias.commit", "appliance.deploys.aliases:move_alias"),
    Point("alias.point", "appliance.live:LiveSites.point"),
    Point("delete.commit", "appliance.deploys.withdrawing:Withdrawing._check_deletable"),
    Point("delete.forget", "appliance.live:LiveSites.forget"),
    Point("expire.begin", "appliance.deploys.withdrawing:Withdrawing._expire"),
    Point("expire.forget", "appliance.live:LiveSites.unpoint"),  # committed, its address answers still
    Point("prune.pending", "appliance.storage.pending:Pending.expire"),
    Point("prune.retire", "appliance.deploys.withdrawing:Withdrawing.retire"),  # by the rules of retention
    Point("prune.recheck", "appliance.deploys.retention:_still_due"),  # in its transaction
    Point("sweep.manifests", "appliance.storage.sweep:Sweep._sweep_manifests", stores=True),
    Point("sweep.mark", "appliance.storage.sweep:Sweep._mark", stores=True),
    Point("sweep.remove", "appliance.storage.sweep:Sweep._remove"),
    Point("sweep.remember", "appliance.storage.sweep:Sweep._remember", stores=True),
    Point("start.clear", "appliance.data_folder:DataFolder.clear_scratch"),
    Point("start.take-up", "appliance.jobs:Jobs._take_up"),
    Point("migrate.backup", "appliance.storage.backups:Backups.take", stores=True),
    Point("migrate.backed-up", "appliance.upgrade:_migrate"),
    Point("migrate.commit", "appliance.upgrade:_check"),  # every change made, in their transaction
    Point("backup.settle", "appliance.safekeeping.folders:Folder.settle", stores=True),
    Point("backup.sync", "appliance.safekeeping.folders:sync_filesystem", stores=True),  # before content has its names
    Point("backup.finish", "appliance.safekeeping.backups:Backups.finish", stores=True),
    Point("backup.send", "appliance.safekeeping.buckets:Bucket._send"),
    Point("backup.archive", "appliance.safekeeping.archives:Archive.finish", stores=True),
    Point("restore.check", "appliance.safekeeping.restoring:_check", stores=True),
    Point("restore.move", "appliance.safekeeping.restoring:_move", stores=True),
    Point("restore.open", "appliance.safekeeping.restoring:_open"),  # everything is in place
)


def named(name: str) -> Point:
    """The point of that name; KeyError."""
    return {point.name: point for point in POINTS}[name]
