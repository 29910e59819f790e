"""Takes a site whose content is here already, listed by path: the same checks as for an archive, nothing unpacked."""

import hashlib
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
    and the machine may have crashed since. A listing may ask for the same of what is in the store. Progress is reported
    as step `unpack`. Raises BuildError.
    """
    if plan.listing is None:
        raise ValueError("the plan has no listing")
    said = json.loads(plan.listing.read_bytes())
    rows: list[Row] = [(path, sha256, size) for path, sha256, size in said["files"]]
    tree = Tree(Bounds(plan.limits))
    files = [file for _, file in _files(rows, tree, Bounds(plan.limits))]
    _adopt(files, plan.pending or plan.workspace, staging, report, checked=said.get("checked", False))
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


def _adopt(files: list[StoredFile], pending: Path, staging: Staging, report: Report, *, checked: bool) -> None:
    held = set() if checked else staging.held(file.sha256 for file in files)
    contents = {file.sha256: file for file in files if file.sha256 not in held}
    progress = Progress(report, "unpack", sum(file.size for file in contents.values()))

    def adopt(file: StoredFile) -> None:
        if not staging.adopt(file.sha256, pending / file.sha256):
            raise _missing(file.path)
        if checked and not _is_whole(file.sha256, staging):
            raise _lost(file.path)
        progress.add(file.size)

    with ThreadPoolExecutor(THREADS, "adopt") as threads:
        for _ in threads.map(adopt, contents.values()):
            pass
    progress.finish()


def _is_whole(sha256: str, staging: Staging) -> bool:
    """Whether content that is there, as far as anybody knows, has this hash."""
    try:
        with Path(staging.where(sha256)).open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


def _missing(path: str) -> BuildError:
    detail = f"The content of “{shown(path)}” is not here any more: deploy again, which sends it."
    return BuildError("content_missing", detail, path=shown(path), retry=True)


def _lost(path: str) -> BuildError:
    """Nobody is there to send it again."""
    detail = (
        f"The content of “{shown(path)}” is missing or damaged in the server's store. Its operator may repair that "
        "from a backup (dropdock verify); else upload the site."
    )
    return BuildError("content_lost", detail, path=shown(path))
