"""What a server and its build child say to each other: one JSON object a line, plans one way, news the other.

→ {"deploy": …, "upload": …, "workspace": …, "limits": {…}, "filename": …, "transforms": {…},
   "order": {…} | null, "aside": […], "read": […], "listing": … | null, "pending": … | null, "exact": false,
   "held": the SHA-256 of each, one after the other}
→ {"expect": true}                           between plans: the next one will need presses
→ {"cancel": deploy}                         at any time after its plan
← {"step": ["unpack", 120, 4096]}            any number of these, and of
← {"log": [time, "build", "42 pages"]}       these; then, if it is a site, what it holds, not yet durably
← {"files": [[path, sha256, size, and of its original, or "" and 0: sha256, size], …]}
                                             a hundred a line, and so of
← {"variants": {sha256: [[coding, sha256, size], …], …}}
← {"packs": {sha256: [size, {sha256: offset, …}], …}}
← {"made": {"notes": [[code, message, path, count], …],
           "generator": …, "cache_hits": …, "cache_misses": …, "kept_hits": …, "kept_misses": …}}
                                             and last one of
← {"stored": true}                           what was made can be relied on from now
← {"source": {"why": …, "offers": [{…}, …]}}
← {"refused": {"code": …, "detail": …, "path": …, "limit": [name, value] | null, "retry": false, "lines": […]}}
"""

import dataclasses
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from builds.errors import BuildError
from builds.order import Keeping, Offer, Order, Source
from builds.portions import portions
from builds.recipe import Choice
from builds.sandbox.values import Bounds, Wishes
from builds.values import Limits, Note, Pack, Plan, PressLimits, StoredFile, StoredVariant, Transforms, Unpacked

SHA256 = 64  # characters
PORTION = 100  # files, or contents with their forms, of a result in one line
FEW = 2  # packs, likewise, each with some 60 contents
_PLAIN = (
    "generator",
    "cache_hits",
    "cache_misses",
    "kept_hits",
    "kept_misses",
)  # fields of a result that are sent as they are


def plan_message(plan: Plan) -> dict[str, Any]:
    """The plan as it is sent."""
    plain = ("deploy", "filename", "aside", "read", "exact")
    message = {name: getattr(plan, name) for name in plain}
    return message | {
        "upload": str(plan.upload),
        "workspace": str(plan.workspace),
        "limits": dataclasses.asdict(plan.limits),
        "transforms": _transforms_message(plan.transforms),
        "listing": None if plan.listing is None else str(plan.listing),
        "held": "".join(plan.held),  # tens of thousands: a list of them takes ten times as long to read
        "pending": None if plan.pending is None else str(plan.pending),
        "order": _order_message(plan.order) if plan.order else None,
    }


def read_plan(message: dict[str, Any]) -> Plan:
    """The plan as it was meant."""
    return Plan(
        deploy=message["deploy"],
        upload=Path(message["upload"]),
        workspace=Path(message["workspace"]),
        limits=Limits(**message["limits"]),
        filename=message["filename"],
        transforms=_read_transforms(message["transforms"]),
        order=_read_order(message["order"]) if message["order"] else None,
        aside=tuple(message["aside"]),
        read=tuple(message["read"]),
        listing=None if message["listing"] is None else Path(message["listing"]),
        pending=None if message["pending"] is None else Path(message["pending"]),
        held=frozenset(_cut(message["held"])),
        exact=message["exact"],
    )


def _cut(digests: str) -> Iterator[str]:
    return (digests[start : start + SHA256] for start in range(0, len(digests), SHA256))


def made_messages(unpacked: Unpacked) -> Iterator[dict[str, Any]]:
    """The result as it is sent, in portions: a server answers visitors between two. What is hidden is no part of it."""
    for files in portions(unpacked.files, PORTION):
        yield {"files": files}
    for variants in portions(unpacked.variants.items(), PORTION):
        yield {"variants": dict(variants)}
    for packs in portions(unpacked.packs.items(), FEW):
        yield {"packs": dict(packs)}
    notes = [[n.code, n.message, n.path, n.count] for n in unpacked.notes]
    yield {"made": {"notes": notes, **{name: getattr(unpacked, name) for name in _PLAIN}}}


class Made:
    """What the messages about a result come to."""

    def __init__(self) -> None:
        self._files: list[StoredFile] = []
        self._variants: dict[str, tuple[StoredVariant, ...]] = {}
        self._packs: dict[str, Pack] = {}

    def add(self, message: dict[str, Any]) -> bool:
        """Take a portion; whether the message was one."""
        if "files" in message:
            self._files.extend(map(StoredFile._make, message["files"]))
        elif "variants" in message:
            self._variants.update(
                (of, tuple(map(StoredVariant._make, forms))) for of, forms in message["variants"].items()
            )
        elif "packs" in message:
            self._packs.update(message["packs"])
        else:
            return False
        return True

    def whole(self, made: dict[str, Any]) -> Unpacked:
        """The result as it was meant, once its last message is there."""
        notes = tuple(Note(*note) for note in made["notes"])
        plain = {name: made[name] for name in _PLAIN}
        return Unpacked(tuple(self._files), notes, self._variants, packs=self._packs, **plain)


def source_message(source: Source) -> dict[str, Any]:
    """What the upload is, as it is sent."""
    return {"source": dataclasses.asdict(source)}


def read_source(source: dict[str, Any]) -> Source:
    """What the upload is, as it was meant."""
    return Source(source["why"], tuple(_read_offer(offer) for offer in source["offers"]))


def refused_message(error: BuildError) -> dict[str, Any]:
    """The refusal as it is sent."""
    fields = {name: getattr(error, name) for name in ("code", "detail", "path", "limit", "retry", "lines")}
    return {"refused": fields}


def read_refused(refused: dict[str, Any]) -> BuildError:
    """The refusal as it was meant."""
    limit = refused["limit"]
    return BuildError(
        refused["code"],
        refused["detail"],
        path=refused["path"],
        limit=(limit[0], limit[1]) if limit else None,
        retry=refused["retry"],
        lines=tuple(refused["lines"]),
    )


def _transforms_message(transforms: Transforms) -> dict[str, Any]:
    cache = str(transforms.cache) if transforms.cache else None
    return dataclasses.asdict(transforms) | {"cache": cache}


def _read_transforms(message: dict[str, Any]) -> Transforms:
    lists = {name: tuple(message[name]) for name in ("snippets", "compress")}
    cache = Path(message["cache"]) if message["cache"] else None
    return Transforms(**message | lists | {"cache": cache, "limits": PressLimits(**message["limits"])})


def _order_message(order: Order) -> dict[str, Any]:
    wishes = dataclasses.asdict(order.wishes) | {"reach": [str(network) for network in order.wishes.reach]}
    variables = {phase: dict(values) for phase, values in order.variables.items()}
    paths = {"cache": str(order.cache), "readable": [str(path) for path in order.readable]}
    return dataclasses.asdict(order) | paths | {"wishes": wishes, "variables": variables}


def _read_order(message: dict[str, Any]) -> Order:
    choice, wishes = message["choice"], message["wishes"]
    choice = choice | {name: tuple(choice[name]) for name in ("command", "flags")}
    reach = tuple(ip_network(network) for network in wishes["reach"])
    wishes = wishes | {"uids": tuple(wishes["uids"]), "reach": reach}
    return Order(
        **message
        | {
            "choice": Choice(**choice),
            "cache": Path(message["cache"]),
            "readable": tuple(Path(path) for path in message["readable"]),
            "wishes": Wishes(**wishes),
            "bounds": Bounds(**message["bounds"]),
            "keeping": Keeping(**message["keeping"]),
        }
    )


def _read_offer(message: dict[str, Any]) -> Offer:
    commands = {phase: tuple(tuple(argv) for argv in message[phase]) for phase in ("fetch", "run")}
    return Offer(**message | commands | {name: tuple(message[name]) for name in ("output", "notes")})
