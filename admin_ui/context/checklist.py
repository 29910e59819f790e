"""What the list of sites shows of a server's first steps."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to do: where it is done or explained, and whether it is."""

    label: str
    href: str
    done: bool
