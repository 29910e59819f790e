"""Takes a site whose content is here already, listed by path: the same checks as for an archive, nothing unpacked."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from builds.bounds import Bounds
from builds.errors import BuildError
from builds.progress import Progress
from builds.refusals import shown
from builds.tree import Tree, with_index
from builds.values import Limits, Plan, Report, Staging, StoredFile, Unpacked

THREADS = 2  # hashing runs outside Python's lock

Row = tuple[str, str, int]
"""A path, what tells its content from other content, and its size in bytes."""


def kept(rows: Iterable[Row], limits: Limits) -> set[str]:
    """Those of the paths that belong to the site or to what it may be built from, as they are written; no junk.

    Raises BuildError for names that must not be, paths that clash, and more than the limits allow.
    """
    tree = Tree(Bounds(limits))
    files = list(_files(rows, tree, Bounds(limits)))
    tree.finish([file for _, file in files])
    return {name for name, _ in files}


def arranged(rows: Iterable[Row], limits: Limits, *, exact: bool) -> Unpacked:
    """The site that the rows become, with what its author should know; raises BuildError as `kept` does."""
    tree = Tree(Bounds(limits))
    files = [file for _, file in _files(rows, tree, Bounds(limits))]
    return with_index(tree.finish(files, unwrap=not exact), rename=not exact)


def take(plan: Plan, staging: Staging, report: Report) -> Unpacked:
    """Put the content that the plan's listing names into `staging`, and say what the site holds.

    Content is taken from the store, else from `plan.pending`, where it is held against its hash: it was sent earlier,
    and the machine may have crashed since. Progress is reported as step `unpack`. Raises BuildError.
    """
    if plan.listing is None:
        raise ValueError("the plan has no listing")
    rows: list[Row] = [(path, sha256, size) for path, sha256, size in json.loads(plan.listing.read_bytes())["files"]]
    tree = Tree(Bounds(plan.limits))
    files = [file for _, file in _files(rows, tree, Bounds(plan.limits))]
    _adopt(files, plan.pending or plan.workspace, staging, report)
    report("check", 0, len(files))
    unpacked = tree.finish(files, unwrap=not plan.exact)
    report("check", len(files), len(files))
    return unpacked


def _files(rows: Iterable[Row], tree: Tree, bounds: Bounds) -> Iterable[tuple[str, StoredFile]]:
    """The files of the site, and the dot files, for a source is built from them, too."""
    for name, content, size in rows:
        path = tree.file(name)
        if path is not None:
            bounds.file(size, path)
            bounds.unpacked(size)
            yield name, StoredFile(path, content, size)


def _adopt(files: list[StoredFile], pending: Path, staging: Staging, report: Report) -> None:
    held = staging.held(file.sha256 for file in files)
    contents = {file.sha256: file for file in files if file.sha256 not in held}
    progress = Progress(report, "unpack", sum(file.size for file in contents.values()))

    def adopt(file: StoredFile) -> None:
        if not staging.adopt(file.sha256, pending / file.sha256):
            raise BuildError(
                "content_missing",
                f"The content of “{shown(file.path)}” is not here any more: deploy again, which sends it.",
                path=shown(file.path),
                retry=True,
            )
        progress.add(file.size)

    with ThreadPoolExecutor(THREADS, "adopt") as threads:
        for _ in threads.map(adopt, contents.values()):
            pass
    progress.finish()
