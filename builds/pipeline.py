"""The recipe: from an upload to stored files."""

from builds import archive
from builds.compress import add_variants
from builds.values import Plan, Report, Staging, Unpacked


def run(plan: Plan, staging: Staging, report: Report) -> Unpacked:
    """Unpack the upload and store what is in it, compressed forms too; all of it, durably, or nothing.

    Raises BuildError when the upload is refused; then nothing is left in the store.
    """
    try:
        unpacked = archive.unpack(plan, staging, report)
        report("store", 0, len(unpacked.files))
        unpacked = add_variants(unpacked, plan, staging, report)
        staging.commit()
        report("store", len(unpacked.files), len(unpacked.files))
    finally:
        staging.discard()
    return unpacked
