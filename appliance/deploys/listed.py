"""A listing: which path of a deploy has which content, as a sender says it, as it is kept, and as it is stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from appliance.deploys.digests import Name
from appliance.deploys.values import NewDeploy


@dataclass(frozen=True, slots=True)
class Listed:
    """One file of a listing: its path, its content, and its size in bytes where the sender says so."""

    path: str
    name: Name
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a deploy is to hold.

    With `base`, a deploy of the same site by id or number, it holds what that one does, but for the paths in
    `files`, which are added or replaced, and those in `remove`. `exact` keeps the paths as they are; otherwise what is
    done to an archive's is done to them: a folder that everything is in is stepped into, a lone page becomes the index.
    `checked` has all content held against its digest before it is used, for nobody sends any of it.
    """

    files: tuple[Listed, ...] = ()
    exact: bool = False
    base: str = ""
    remove: tuple[str, ...] = ()
    checked: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A deploy that was begun: for which site, what was said of it, and its files once they are listed.

    `left_out` are the paths that were listed and are junk: its author is told of them in the end. `base` is the
    manifest of the deploy it is built upon, if it is; `checked` as in its listing.
    """

    site: str
    new: NewDeploy
    files: tuple[Listed, ...] | None = None
    exact: bool = False
    left_out: tuple[str, ...] = ()
    base: str = ""
    checked: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A deploy that was begun and not finished: `missing` are those of its files whose content has to be sent.

    `files` is how many it lists, None while it was not said; each content is among the missing once.
    """

    id: str
    site: str
    new: NewDeploy
    files: int | None
    missing: tuple[Listed, ...]

    @property
    def is_complete(self) -> bool:
        """Whether it can be finished."""
        return self.files is not None and not self.missing


def dump(kept: Kept) -> bytes:
    """The form in which it is kept."""
    files = None if kept.files is None else [[f.path, f.name.kind, f.name.value, f.size] for f in kept.files]
    value = {"site": kept.site, "new": msgspec.to_builtins(kept.new), "exact": kept.exact, "files": files}
    value |= {"left_out": kept.left_out, "base": kept.base, "checked": kept.checked}
    return msgspec.json.encode(value)


def load(stored: bytes) -> Kept:
    """What was kept; raises msgspec.DecodeError for what is no such thing."""
    value: dict[str, Any] = msgspec.json.decode(stored)
    files = value["files"]
    listed = None if files is None else tuple(Listed(p, Name(kind, digest), size) for p, kind, digest, size in files)
    new, more = NewDeploy(**value["new"]), {name: value[name] for name in ("base", "checked") if name in value}
    return Kept(value["site"], new, listed, value["exact"], tuple(value["left_out"]), **more)


def once(files: Iterable[Listed]) -> tuple[Listed, ...]:
    """The files whose content differs, each content at its first path."""
    return tuple({file.name: file for file in reversed(list(files))}.values())[::-1]
