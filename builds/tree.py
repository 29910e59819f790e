"""The tree an upload becomes: what is left out, what clashes, where its top is, what its author should know."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from operator import attrgetter
from typing import Never

from builds.bounds import Bounds
from builds.errors import BuildError
from builds.names import (
    DOT_FILES,
    INDEXES,
    JUNK_AT_TOP,
    KEPT_DOT_FOLDER,
    SAVED_WITH_PAGE,
    folded,
    junk_kind,
    safe_path,
)
from builds.origin import Origin
from builds.refusals import and_others, shown
from builds.values import Note, StoredFile, Unpacked

PAGES = (".html", ".htm")
RUN_ELSEWHERE = (
    ".php",
    ".phtml",
    ".asp",
    ".aspx",
    ".jsp",
    ".cfm",
)  # on other servers; their sources often hold passwords


class Tree:
    """Takes the names of an upload one by one, then the stored files, and makes the site's tree of them."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._origin = bounds.origin
        self._folders: set[str] = set()
        self._hidden: set[str] = set()
        self._left_out: Counter[str] = Counter()
        self._garbled: set[str] = set()

    def folder(self, name: str) -> None:
        """An entry that is a folder: it counts, but only files make a site. Raises BuildError."""
        self._bounds.entry()
        self._folders.add(self._path(name))

    def file(self, name: str, *, is_garbled: bool = False) -> str | None:
        """An entry that is a file: the path to keep it under, or None to leave it out. Raises BuildError.

        `is_garbled` says that its name is in an encoding that nobody can tell.
        Dot files are no part of a site, but may be one of what a site is built from: they are kept until that is known.
        """
        self._bounds.entry()
        path = self._path(name)
        if not path:
            raise BuildError("unsafe_path", "A file in the upload has no name; pack it again. Nothing was stored.")
        kind = junk_kind(path)
        if kind is None:
            if is_garbled:
                self._garbled.add(path)
            return path
        self._left_out[kind] += 1
        if kind != DOT_FILES:
            return None
        self._hidden.add(path)
        return path

    def finish(self, stored: Iterable[StoredFile], *, unwrap: bool = True) -> Unpacked:
        """The files sorted by path, and notes. Raises BuildError when paths clash or nothing is left.

        With `unwrap`, a single folder around everything is stepped into.
        """
        apart = self._apart(stored) if self._hidden else (stored, [])
        files, notes = _without_duplicates(apart[0], self._origin)
        _refuse_file_and_folder(files, self._folders, self._origin)
        files, wrapping, top = _without_wrapping_folder(files) if unwrap else (files, [], "")
        files = self._without_junk_at_top(files)
        if not files:
            raise BuildError("empty", self._origin.empty)
        hidden = {file.path.removeprefix(top): file._replace(path=file.path.removeprefix(top)) for file in apart[1]}
        return Unpacked(
            tuple(files[path] for path in sorted(files)),
            (*self._left_out_notes(), *_garbled(self._garbled), *notes, *wrapping),
            hidden=tuple(hidden[path] for path in sorted(hidden) if path not in files),
        )

    def _apart(self, stored: Iterable[StoredFile]) -> tuple[list[StoredFile], list[StoredFile]]:
        """The files of the site, and the hidden ones."""
        both: tuple[list[StoredFile], list[StoredFile]] = ([], [])
        for file in stored:
            both[file.path in self._hidden].append(file)
        return both

    def _path(self, name: str) -> str:
        path = safe_path(name, self._origin)
        self._bounds.path(path)
        return path

    def _without_junk_at_top(self, files: dict[str, StoredFile]) -> dict[str, StoredFile]:
        """Once the wrapping folder is gone, `node_modules/` may have come to the top."""
        kept = {path: file for path, file in files.items() if not path.startswith(JUNK_AT_TOP)}
        if len(kept) < len(files):
            self._left_out[JUNK_AT_TOP] += len(files) - len(kept)
        return kept

    def _left_out_notes(self) -> list[Note]:
        return [Note("left_out", _left_out(kind, count), kind, count) for kind, count in sorted(self._left_out.items())]


def _without_duplicates(stored: Iterable[StoredFile], origin: Origin) -> tuple[dict[str, StoredFile], list[Note]]:
    """Each path once. Paths that differ by case only are all kept: their contents are the same, whichever is meant."""
    files: dict[str, StoredFile] = {}
    first: dict[str, StoredFile] = {}
    again: list[str] = []
    for file in sorted(stored, key=attrgetter("path")):  # threads store them in any order
        other = first.setdefault(folded(file.path), file)
        if other is not file:
            if other.sha256 != file.sha256:
                _refuse_duplicate(other.path, file.path, origin)
            again.append(file.path)
        files[file.path] = file
    if not again:
        return files, []
    message = f"Found more than once, with the same content: “{shown(min(again))}”{and_others(len(again))}."
    return files, [Note("duplicate", message, min(again), len(again))]


def _refuse_duplicate(one: str, other: str, origin: Origin) -> Never:
    one, other = sorted((shown(one), shown(other)))
    said = origin.twice if one == other else origin.alike
    raise BuildError("duplicate", said.format(one=one, other=other), path=other)


def _refuse_file_and_folder(files: dict[str, StoredFile], named: set[str], origin: Origin) -> None:
    folders = set(named)
    for path in files:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    clash = min(folders & files.keys(), default=None)
    if clash is not None:
        raise BuildError("file_and_folder", origin.file_and_folder.format(path=shown(clash)), path=shown(clash))


def _without_wrapping_folder(files: dict[str, StoredFile]) -> tuple[dict[str, StoredFile], list[Note], str]:
    """What is inside the one folder around everything, what to say of that, and the folder's name with its slash."""
    tops = {path.partition("/")[0] if "/" in path else "" for path in files}
    top = tops.pop() if len(tops) == 1 else ""
    if top in {"", KEPT_DOT_FOLDER}:
        return files, [], ""
    inner = {path[len(top) + 1 :]: file for path, file in files.items()}
    stepped = {path: file._replace(path=path) for path, file in inner.items()}
    message = f"Everything was inside the folder “{shown(top)}”, so what is in it became the top of the site."
    return stepped, [Note("wrapping_folder", message, top)], f"{top}/"


def with_index(unpacked: Unpacked, *, rename: bool = True) -> Unpacked:
    """The site as visitors get it: a lone page becomes the index; without an index its author is told what they get.

    The author is also told of programs, which visitors do not get the output of, but can read.
    """
    paths = {file.path for file in unpacked.files}
    unpacked = replace(unpacked, notes=(*unpacked.notes, *_not_run(paths)))
    pages = [path for path in paths if path.lower().endswith(PAGES)]
    page = _lone_page(pages) if rename else ""
    if page in INDEXES[:2] or (not page and any(index in paths for index in INDEXES)):
        return unpacked
    if not page:
        return replace(unpacked, notes=(*unpacked.notes, _no_index(paths, pages)))
    files = [file._replace(path="index.html") if file.path == page else file for file in unpacked.files]
    message = f"“{shown(page)}” is the only page, so it became index.html, which visitors of / get."
    files.sort(key=attrgetter("path"))
    return replace(unpacked, files=tuple(files), notes=(*unpacked.notes, Note("renamed", message, page)))


def _lone_page(pages: list[str]) -> str:
    """The only page, but for those that a browser saved with it; "" if it is not at the top, or not the only one."""
    at_top = [page for page in pages if "/" not in page]
    if len(at_top) != 1:
        return ""
    page, stem = at_top[0], at_top[0].rpartition(".")[0]
    folders = {other.partition("/")[0] for other in pages if other != page}
    saved = all(name.startswith(stem) and SAVED_WITH_PAGE.fullmatch(name, len(stem)) for name in folders)
    return page if saved else ""


def _not_run(files: Iterable[str]) -> list[Note]:
    programs = [path for path in files if path.lower().endswith(RUN_ELSEWHERE)]
    if not programs:
        return []
    first = min(programs)
    message = (
        f"“{shown(first)}”{and_others(len(programs))} is a program, and none is run here: visitors can read what is "
        "in it, passwords too. Upload what it makes instead."
    )
    return [Note("not_run", message, first, len(programs))]


def _no_index(files: set[str], pages: list[str]) -> Note:
    answer = "the site's own 404 page" if "404.html" in files else "a “not found” page"
    message = f"There is no index.html at the top: visitors of / will get {answer}."
    nearest = min(
        (page for page in pages if page.rpartition("/")[2] in INDEXES),
        key=lambda page: (page.count("/"), page),
        default="",
    )
    if nearest:
        message += f" The nearest one is “{shown(nearest)}”."
    return Note("no_index", message, nearest or None)


def _left_out(kind: str, count: int) -> str:
    if count == 1:
        return f"Left out: {kind} (1 file), which is not part of a site."
    return f"Left out: {kind} ({count} files), which is not part of a site."


def _garbled(paths: set[str]) -> list[Note]:
    if not paths:
        return []
    first = min(paths)
    message = (
        f"“{shown(first)}”{and_others(len(paths))} may be named otherwise: the archive does not say how its names are "
        "written, and links to such files may lead nowhere. Pack them with names in UTF-8, or upload the folder itself."
    )
    return [Note("garbled_name", message, first, len(paths))]
