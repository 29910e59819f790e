"""What a tool is to the commands of a build: where its programs are, and what must be readable for them to run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Kit:
    """Folders for PATH, the most important first; folders a sandbox must show; variables. `version` for the log."""

    path: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    version: str = ""


SYSTEM = tuple(Path(folder) for folder in ("/usr", "/bin", "/sbin", "/lib", "/lib64"))  # a sandbox shows these anyway


def kit_of(program: Path, version: str, also: Iterable[Path] = ()) -> Kit:
    """The kit of a program of this machine; what is outside the system's folders is shown with its whole prefix."""
    places = (program.parent, program.resolve().parent, *also)
    outside = [place for place in places if not any(place.is_relative_to(system) for system in SYSTEM)]
    shown = dict.fromkeys(place.parent if place.name == "bin" else place for place in outside)
    return Kit((program.parent,), tuple(shown), version=version)
