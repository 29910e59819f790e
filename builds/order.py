"""What is asked of an upload that may be a source, and what is answered when somebody has to choose."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from builds.recipe import Argv, Choice
from builds.sandbox.values import Bounds, Wishes
from builds.units import GB, MB

_SECRET = re.compile(r"pass|token|secret|auth|key|credential", re.IGNORECASE)  # in the name of a variable
FETCH, RUN = "fetch", "build"  # the two phases of a build, as steps are called


def is_secret(name: str) -> bool:
    """Whether a variable is named like something that nobody should know."""
    return bool(_SECRET.search(name))


@dataclass(frozen=True, slots=True)
class Keeping:
    """How much is kept from build to build: bytes of dependencies and of tools, seconds for a tool that nobody uses."""

    dependencies: int = 4 * GB
    tools: int = 10 * GB
    tool_age: float = 30 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Order:
    """How an upload that turns out to be a source is built.

    Unless `run`, it is not: what it is is told instead. With `insist`, the choice was made for this very upload, and
    holds even where that looks finished. `site` is whose dependencies may be kept in the folder `cache`, beside the
    tools of all, as `keeping` says. `variables` are secrets by phase (`fetch`, `build`) and name. `registries` are
    variables for everything that fetches, secret too, `readable` what that may read beside the system. `log` is the
    most bytes of a log.
    """

    choice: Choice = field(default_factory=Choice)
    run: bool = False
    insist: bool = False
    site: str = ""
    cache: Path = Path()
    keeping: Keeping = field(default_factory=Keeping)
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    wishes: Wishes = field(default_factory=Wishes)
    bounds: Bounds = field(default_factory=Bounds)
    registries: Mapping[str, str] = field(default_factory=dict)
    readable: tuple[Path, ...] = ()
    log: int = 1 * MB

    @property
    def secrets(self) -> frozenset[str]:
        """The values of all variables, and what the registries' have of passwords and tokens."""
        ours = (part for name, value in self.registries.items() for part in _credentials(name, value))
        return frozenset([*(value for values in self.variables.values() for value in values.values()), *ours])


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to build an upload, as a person is asked about it; see `Recipe` and `Candidate` for the fields.

    The commands and `output` are empty where they are only known once this one is chosen.
    """

    generator: str
    title: str
    base: str
    why: str
    fetch: tuple[Argv, ...] = ()
    run: tuple[Argv, ...] = ()
    output: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """The upload is a source and was not built: why it is taken for one, and as what it could be built.

    One offer: that is what it is. Several: a person has to choose.
    """

    why: str
    offers: tuple[Offer, ...]


def _credentials(name: str, value: str) -> Iterator[str]:
    """What is secret of a registry's variable: all of one that is named so, and of addresses who asks, by password.

    An address itself is none: a log in which it was hidden would not say where a package was looked for.
    """
    words = value.split()
    if is_secret(name):
        yield from (value, *words)
    for word in words:
        user, at, _ = word.partition("://")[2].partition("/")[0].rpartition("@")
        if at:
            login, colon, password = user.partition(":")
            found = password if colon else login
            yield from (found, unquote(found))
