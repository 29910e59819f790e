"""Bounds on what one HTTP/2 connection may ask of us, beside those that hold for every connection."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Http2Limits:
    """Counts, and times in seconds. A client that passes one of the last four is told to calm down, and cut."""

    streams: int = 100  # under way at once; RFC 9113, 6.5.2 advises no fewer, and browsers ask for no more
    files: int = 16  # of these, read from the disk at the same time: a descriptor and a piece of memory each
    silence_seconds: float = 0.02  # until a client that seems to wait for our settings gets some
    resets: float = 200.0  # two pages left in a hurry; CVE-2023-44487 needs thousands
    resets_per_second: float = 20.0  # that are forgiven
    idle_frames: float = 500.0  # pings, settings, priorities, empty or unknown frames: they cost, and ask for nothing
    idle_frames_per_second: float = 50.0  # that are forgiven
    continuations: int = 16  # of one header block; CVE-2024-27316. A block of the largest size needs five
