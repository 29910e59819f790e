"""What the control plane's process and its workers say to each other; a descriptor goes along where it says so.

A change carries a number, which the worker answers with `Done` once no visitor of its gets anything older.
"""

from typing import Literal

import msgspec

from appliance.log_tail import Line
from appliance.pointer import Pointer
from appliance.serving.counters import Batch


class Gated(msgspec.Struct, frozen=True, array_like=True):
    """A site's gate."""

    covers: Literal["nothing", "previews", "everything"]
    version: str
    password: str | None  # its hash, argon2id
    shares: dict[str, int]
    bypass: bytes


class Message(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Anything that is said."""


# ── to a worker ──


class Begin(Message, frozen=True):
    """The first message. With the descriptors of the shared memory, of `plain` listening sockets, and of those for TLS.

    `settings` are without secrets; `gate_key` signs sessions and links, `proofs_key` makes digests of credentials, and
    `crowd_key` groups of addresses. `place` is the worker's row among those of `processes`.
    """

    settings: dict[str, str]
    place: int
    processes: int
    plain: int
    https_port: int
    https: bool
    gate_key: bytes
    proofs_key: bytes
    crowd_key: bytes


class Open(Message, frozen=True):
    """Let visitors in."""


class Stage(Message, frozen=True):
    """Compile what a host will lead to, if it is one you know."""

    change: int
    host: str
    pointer: Pointer


class Put(Message, frozen=True):
    """Let a host lead there from now on, if it is one you know, or have `asked` for."""

    change: int
    host: str
    pointer: Pointer
    gate: Gated | None
    asked: bool = False


class Drop(Message, frozen=True):
    """Forget what these hosts lead to; whoever asks for one of them is told anew."""

    change: int
    hosts: list[str]


class Regate(Message, frozen=True):
    """A site has this gate from now on."""

    change: int
    site: str
    gate: Gated | None


class Withdraw(Message, frozen=True):
    """A site is no more."""

    change: int
    site: str


class Proved(Message, frozen=True):
    """A credential was right, of which this is the digest."""

    digest: bytes


class Stop(Message, frozen=True):
    """Accept no more, finish what is under way within `grace` seconds, and end."""

    grace: float


# ── from a worker ──


class Ready(Message, frozen=True):
    """All is prepared to be told what hosts lead to, and then to `Open`."""


class Done(Message, frozen=True):
    """A change is in force."""

    change: int


class Wanted(Message, frozen=True):
    """Visitors ask for a host that is not known here."""

    host: str


class Plain(Message, frozen=True):
    """A connection for you, with its descriptor, from the first byte of an unanswered request on."""

    received: bytes


class Through(Message, frozen=True):
    """The same for one that stays here, with the descriptor of a socket that carries what it says.

    `peer` and `own` are the addresses and ports of its two ends; `protocol` is what was agreed on in TLS (ALPN), None
    when nothing was, and `tls` whether it is TLS at all.
    """

    received: bytes
    peer: tuple[str, int]
    own: tuple[str, int]
    tls: bool
    protocol: str | None


class Asked(Message, frozen=True):
    """A single request for the application, with the descriptor of a socket that its ASGI messages go through."""


class Figures(Message, frozen=True):
    """What was counted since the last time, and how many connections are open now."""

    batch: Batch
    opened: int


class Lines(Message, frozen=True):
    """Lines of the access log."""

    text: str


class Told(Message, frozen=True):
    """A line of the worker's own log, which it has written itself already."""

    line: Line


ToWorker = Begin | Open | Stage | Put | Drop | Regate | Withdraw | Proved | Stop
Errand = Plain | Through | Asked | Lines | Told
Report = Errand | Wanted | Figures
FromWorker = Ready | Done | Report

encode = msgspec.msgpack.Encoder().encode
read_to_worker = msgspec.msgpack.Decoder(ToWorker).decode
read_from_worker = msgspec.msgpack.Decoder(FromWorker).decode
