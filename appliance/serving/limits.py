"""Bounds on what one visitor, or all of them, may ask of the front door."""

from dataclasses import dataclass, field

from appliance.serving.h2.limits import Http2Limits

KB = 1024


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """Sizes in bytes, times in seconds, the rest counts."""

    head: int = 32 * KB  # request line and headers together; past it 431, or 414 if the line alone is that long
    head_seconds: float = 15.0  # from a request's first byte to the end of its head
    keep_alive_seconds: float = 75.0  # longer than the 60 s after which common proxies drop an idle connection
    stall_seconds: float = 60.0  # a reader that takes nothing for this long is cut
    connections: int = 10_000
    connections_per_address: int = 2_000  # generous: behind a proxy or a campus NAT, many visitors are one address
    backlog: int = 2_048  # connections the kernel holds until they are accepted
    http2: Http2Limits = field(default_factory=Http2Limits)
