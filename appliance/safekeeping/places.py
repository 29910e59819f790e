"""Places where backups are kept, files under names: what is asked of one, and which kind an address means."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, cast

from appliance.safekeeping.copying import Readable
from appliance.safekeeping.folders import Folder
from appliance.safekeeping.items import Refused
from appliance.settings import Settings

KINDS = {"s3": "appliance.safekeeping.buckets"}
"""Scheme of an address → the module whose `place(address, means)` makes it; imported only when it is asked for."""


@dataclass(frozen=True, slots=True)
class Means:
    """What places and seals are made with.

    `scratch` is where one that is not on this machine may write meanwhile; `environment` has the credentials that the
    settings do not; an empty `passphrase` means none, and `said` names where it is from.
    """

    scratch: Path
    settings: Settings = field(default_factory=Settings, repr=False)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    passphrase: str = field(default="", repr=False)
    said: str = ""


class Place(Protocol):
    """Keeps files under names such as `objects/ab/abcd…`. Raises Refused, in words for people, and OSError.

    Reading needs nothing; writing is done in its block, in which nobody else writes. What was put may be lost until
    `settle` or `create` returns, but is never seen in part.
    """

    @property
    def address(self) -> str:
        """As people write it."""

    @property
    def streams(self) -> int:
        """How many files are best read at a time."""

    @property
    def scratch(self) -> Path:
        """A folder on this machine for the time of the block; empty at first."""

    def top(self) -> set[str]:
        """The first parts of all names there are; empty where there is nothing."""

    def files(self, folder: str) -> Iterator[tuple[str, int]]:
        """Names and bytes of all files below a folder, such as `objects`."""

    def size(self, name: str) -> int | None:
        """Bytes of a file, or None where there is none; in the block only."""

    def read(self, name: str) -> AbstractContextManager[Readable]:
        """Its bytes, as they come; raises FileNotFoundError, before they come."""

    def put(self, name: str, file: Path) -> None:
        """Take away a file from `scratch` and keep it under this name, whether or not there is one."""

    def settle(self) -> None:
        """Wait until all that was put is there and stays there."""

    def create(self, name: str, file: Path) -> None:
        """As `put`, but at once, after all that was put before; raises FileExistsError."""

    def remove(self, names: Iterable[str]) -> None:
        """Let files go, whether or not they are there."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def place_of(address: str, means: Means) -> Place:
    """The place that an address means; a path is a folder. Raises Refused."""
    scheme, found, _ = address.partition("://")
    if not found:
        return Folder(Path(address))
    if scheme not in KINDS:
        known = ", ".join(f"{kind}://…" for kind in KINDS)
        raise Refused(f"Backups are not kept at {scheme}:// addresses: give a folder, or {known}.")
    return cast("Place", import_module(KINDS[scheme]).place(address, means))
