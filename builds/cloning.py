"""Fetch one branch of a Git repository over HTTPS, its newest commit only, and pack a folder of it as an archive.

With dulwich, in this process: nothing needs to be installed, no token stands in a process list or a file, and every
connection is ours to look at. The process is a child of the server's, with bounds on memory and time of its own.
"""

import io
import posixpath
import stat
import tarfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dulwich.client import HTTPUnauthorized, Urllib3HttpGitClient
from dulwich.errors import GitProtocolError, NotGitRepository
from dulwich.object_store import BaseObjectStore, iter_tree_contents
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import HEADREF, Ref
from dulwich.repo import Repo
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from builds import outgoing
from builds.errors import BuildError
from builds.refusals import shown

HOPS = 10  # links followed from one to the next
_HEADS = b"refs/heads/"


@dataclass(frozen=True, slots=True)
class CloneJob:
    """What to fetch and where to put it.

    `branch` is "" for the repository's own choice, `folder` "" for all of it. `size` is the most bytes received,
    `unpacked` the most bytes of files, `pause` the longest wait in seconds; each is named as the setting in `limits`.
    `allowed` are networks that may be connected to although they are private.
    """

    url: str
    branch: str
    folder: str
    username: str
    token: str
    size: int
    unpacked: int
    pause: float
    allowed: tuple[outgoing.Network, ...]
    limits: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cloned:
    """What was fetched: the branch, its newest commit and the first line of that one's message."""

    branch: str
    commit: str
    message: str
    files: int


def clone(job: CloneJob, workspace: Path, archive: Path) -> Cloned:
    """Fetch, then write a tar of the folder to `archive`; `workspace` is an empty folder. Raises BuildError."""
    repository = Repo.init_bare(workspace)
    try:
        branch, head = _fetch(job, repository)
        commit = repository.object_store[head]
        if not isinstance(commit, Commit):
            raise BuildError("not_a_branch", f"{branch} names no commit.")
        files = _pack(job, repository.object_store, commit.tree, archive)
        title = commit.message.decode("utf-8", "replace").strip().partition("\n")[0]
        title = title.replace("\0", "\N{REPLACEMENT CHARACTER}")  # no database has a place for it
        return Cloned(branch, head.decode(), title[:500], files)
    finally:
        repository.close()


def check_url(url: str) -> None:
    """Raise BuildError unless this can be the address of a repository: https://host/path, with no password in it."""
    try:
        parts = parse_url(url)
    except HTTPError:
        parts = parse_url("")
    if parts.scheme != "https" or not parts.host or not (parts.path or "").strip("/"):
        raise BuildError("bad_url", "Give the repository's HTTPS address, such as https://example.org/me/site.git.")
    if parts.auth or parts.query or parts.fragment:
        raise BuildError(
            "bad_url",
            "Leave user, password and anything after ? or # out of the address; a token goes into its own field.",
        )


class _Client(Urllib3HttpGitClient):
    """dulwich's client, that stops at so many bytes and does not leave HTTPS."""

    def __init__(self, job: CloneJob) -> None:
        self._left = job.size
        self._job = job
        self._pool = outgoing.pool(job.allowed, job.pause)
        username = job.username or ("git" if job.token else None)
        super().__init__(job.url, pool_manager=self._pool, username=username, password=job.token or None, quiet=True)

    def hang_up(self) -> None:
        """Close every connection."""
        self._pool.close()

    def _http_request(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - dulwich's signature
        response, read = super()._http_request(*arguments, **options)

        def counted(size: int = -1) -> bytes:
            piece = read(size)
            self._left -= len(piece)
            if self._left < 0:
                raise _too_large(self._job, "git_size", "The repository's newest commit is larger than")
            return piece

        return response, counted


def _fetch(job: CloneJob, repository: Repo) -> tuple[str, ObjectID]:
    chosen: list[tuple[str, ObjectID]] = []

    def determine_wants(refs: Mapping[Ref, ObjectID | None], *_: object, **__: object) -> list[ObjectID]:
        chosen.append(_choose(job, refs))
        return [chosen[-1][1]]

    client = _Client(job)
    path = parse_url(job.url).path or "/"
    try:
        client.fetch(path, repository, determine_wants=determine_wants, depth=1)
    except HTTPUnauthorized:
        raise BuildError("not_allowed", _NOT_ALLOWED if job.token else _NO_TOKEN) from None
    except NotGitRepository:
        raise BuildError(
            "no_repository", f"There is no Git repository at {job.url}, or the token may not see it."
        ) from None
    except (GitProtocolError, HTTPError, OSError) as error:
        raise _unreachable(error) from None
    finally:
        client.hang_up()
    if not chosen:
        raise BuildError("no_branch", "The repository is empty: push something first.")
    return chosen[-1]


def _choose(job: CloneJob, refs: Mapping[Ref, ObjectID | None]) -> tuple[str, ObjectID]:
    heads = {bytes(ref)[len(_HEADS) :]: head for ref, head in refs.items() if ref.startswith(_HEADS) and head}
    wanted = job.branch.encode() if job.branch else _default(refs, heads)
    head = heads.get(wanted)
    if head is None:
        there = ", ".join(shown(name.decode("utf-8", "replace")) for name in sorted(heads)[:5]) or "none"
        raise BuildError("no_branch", f"The repository has no branch {shown(wanted.decode())!r}; it has: {there}.")
    return wanted.decode("utf-8", "replace"), head


def _default(refs: Mapping[Ref, ObjectID | None], heads: Mapping[bytes, ObjectID]) -> bytes:
    """The branch HEAD stands at; of several there, the usual names first."""
    head = refs.get(HEADREF)
    there = [name for name, at in heads.items() if at == head]
    return next((name for name in (b"main", b"master") if name in there), there[0] if there else b"main")


def _pack(job: CloneJob, store: BaseObjectStore, tree: ObjectID, archive: Path) -> int:
    """Write the folder's files as a tar; how many there are. Submodules are left out: they are other repositories."""
    modes = {entry.path: (entry.mode, entry.sha) for entry in iter_tree_contents(store, _folder(job, store, tree))}
    total, count, now = 0, 0, int(time.time())
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as packed:
        for path, blob in _blobs(store, modes):
            total += len(blob.data)
            if total > job.unpacked:
                raise _too_large(job, "unpacked_size", "The files of the repository are larger than")
            header = tarfile.TarInfo(path.decode("utf-8", "surrogateescape"))
            header.size, header.mtime = len(blob.data), now
            packed.addfile(header, io.BytesIO(blob.data))
            count += 1
    if not count:
        raise BuildError("empty", "There are no files in that folder of the repository.")
    return count


def _folder(job: CloneJob, store: BaseObjectStore, tree: ObjectID) -> ObjectID:
    found = store[tree]
    for part in [part for part in job.folder.split("/") if part]:
        try:
            mode, at = found[part.encode()] if isinstance(found, Tree) else (0, tree)
        except KeyError:
            mode, at = 0, tree
        if not stat.S_ISDIR(mode):
            raise BuildError("no_folder", f"The repository has no folder {shown(job.folder)!r} on that branch.")
        found = store[at]
    return found.id


def _blobs(store: BaseObjectStore, modes: Mapping[bytes, tuple[int, ObjectID]]) -> Iterator[tuple[bytes, Blob]]:
    for path in modes:
        found = _content(store, modes, path)
        if found is not None:
            yield path, found


def _content(store: BaseObjectStore, modes: Mapping[bytes, tuple[int, ObjectID]], path: bytes) -> Blob | None:
    """The content at a path; a link inside the folder is followed, one that leads out of it is left out."""
    for _ in range(HOPS):
        mode, sha = modes.get(path, (0, b""))
        if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
            return None
        blob = store[ObjectID(sha)]
        if not isinstance(blob, Blob):
            return None
        if stat.S_ISREG(mode):
            return blob
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), blob.data))
    return None


def _too_large(job: CloneJob, setting: str, what: str) -> BuildError:
    value = job.limits[setting]
    detail = f"{what} the {value} this server takes ({setting}): choose a smaller one, or ask the operator to raise it."
    return BuildError("too_large", detail, limit=(setting, value))


def _unreachable(error: Exception) -> BuildError:
    reason = _reason(error)
    return BuildError(
        "unreachable", f"The repository could not be fetched: {reason}", retry=not isinstance(reason, str)
    )


def _reason(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, outgoing.Kept):
            return str(cause).partition(": ")[2]
        cause = cause.__cause__ or cause.__context__
    return str(error).partition(": ")[2] or str(error)


_NO_TOKEN = "The repository asks for a token: give one that may read it."  # noqa: S105 - a sentence
_NOT_ALLOWED = "The repository does not take this token: give one that may read it."

__all__ = ["CloneJob", "Cloned", "check_url", "clone"]
