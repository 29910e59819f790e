"""The recipe: from an upload to stored files."""

from dataclasses import replace

from builds import archive
from builds.aside import set_aside
from builds.compress import add_variants
from builds.order import Source
from builds.tree import with_index
from builds.values import Plan, Staging, Unpacked
from builds.watcher import Watcher


def run(plan: Plan, staging: Staging, watcher: Watcher) -> Unpacked | Source:
    """Unpack the upload and store what is in it, compressed forms too; all of it, durably, or nothing.

    Raises BuildError when the upload is refused; then nothing is left in the store.
    """
    try:
        unpacked = archive.unpack(plan, staging, watcher.report)
        unpacked = replace(with_index(unpacked, rename=not plan.exact), hidden=())
        unpacked = set_aside(unpacked, plan, staging)
        watcher.report("store", 0, len(unpacked.files))
        unpacked = add_variants(unpacked, plan, staging, watcher.report)
        staging.keep(unpacked.contents)
        staging.commit()
        watcher.report("store", len(unpacked.files), len(unpacked.files))
    finally:
        staging.discard()
    return unpacked
