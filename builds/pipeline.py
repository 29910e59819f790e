"""The recipe: from an upload to stored files."""

from dataclasses import replace

from builds import archive, aside, elsewhere
from builds.ahead import Ahead
from builds.carried import with_rules
from builds.generate import generate
from builds.inflated import Inflated
from builds.lone_file import with_page
from builds.order import Source
from builds.presses import Presses
from builds.recognise import only_below, recognise, source_of
from builds.transform import transform
from builds.tree import with_index
from builds.values import Plan, Staging, Unpacked
from builds.watcher import Watcher
from builds.without_extension import with_note


def run(plan: Plan, staging: Staging, watcher: Watcher, presses: Presses) -> Unpacked | Source:
    """Unpack the upload, build it if it is a source, and store the site and what is made of it; durably, or nothing.

    A source that the plan does not say to build, or not as what, is not built: what it may be is returned. Raises
    BuildError when the upload is refused or its build fails; then nothing is left in the store. What is left in the
    workspace goes with it.
    """
    staging.rely_on(plan.held)
    ahead = Ahead(plan, staging, presses, watcher.report)
    inflated = Inflated.of(plan)
    is_stored = False
    try:
        uploaded = unpacked = archive.unpack(plan, staging, watcher.report, ahead, inflated)
        found = recognise(unpacked, plan.order, staging)
        if found.is_unsure or (found.recipe and not (plan.order and plan.order.run)):
            return source_of(found)
        if found.recipe:
            built = generate(found.recipe, plan, unpacked, staging, watcher)
            unpacked = with_rules(built, unpacked, found.recipe.base)
        else:
            unpacked = with_rules(only_below(found.base, unpacked), unpacked, found.base)
        base = found.recipe.base if found.recipe else found.base
        unpacked = elsewhere.with_notes(unpacked, uploaded, base, staging)
        unpacked = unpacked if plan.exact else with_page(unpacked, staging)
        unpacked = aside.set_aside(with_index(unpacked, rename=not plan.exact), plan, staging)
        unpacked = with_note(unpacked, staging, aside.contents(plan))
        watcher.report("store", 0, len(unpacked.files))
        bench = ahead.bench(unpacked)
        if plan.transforms:
            unpacked = transform(unpacked, bench, plan.transforms, aside.contents(plan))
        contents = unpacked.contents
        unpacked = replace(unpacked, packs=staging.packs(contents))
        watcher.made(unpacked)
        staging.keep(contents | unpacked.packs.keys())
        staging.commit()
        is_stored = True
        watcher.later(bench.remember)
        watcher.later(lambda: inflated.remember(contents))
        watcher.report("store", len(unpacked.files), len(unpacked.files))
    finally:
        ahead.close()
        if not is_stored:  # else only empty folders are left, and it can take long to remove those just synced
            staging.discard()
    return unpacked
