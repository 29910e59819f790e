"""What a server and its build child say to each other: one JSON object a line, plans one way, news the other.

→ {"deploy": …, "upload": …, "workspace": …, "limits": {…}, "filename": …, "compress": […], "compressed": […]}
← {"step": ["unpack", 120, 4096]}            any number of these, then one of
← {"done": {"files": [[path, sha256, size, and where it has an original: sha256, size], …],
           "notes": [[code, message, path, count], …], "variants": {sha256: [[coding, sha256, size], …], …}}}
← {"refused": {"code": …, "detail": …, "path": …, "limit": [name, value] | null, "retry": false}}
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

from builds.errors import BuildError
from builds.values import Limits, Note, Plan, StoredFile, StoredVariant, Unpacked


def dump(message: dict[str, Any]) -> bytes:
    """A message as its line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def plan_message(plan: Plan) -> dict[str, Any]:
    """The plan as it is sent."""
    message = {name: getattr(plan, name) for name in ("deploy", "filename", "compress", "compressed")}
    return message | {
        "upload": str(plan.upload),
        "workspace": str(plan.workspace),
        "limits": dataclasses.asdict(plan.limits),
    }


def read_plan(message: dict[str, Any]) -> Plan:
    """The plan as it was meant."""
    return Plan(
        deploy=message["deploy"],
        upload=Path(message["upload"]),
        workspace=Path(message["workspace"]),
        limits=Limits(**message["limits"]),
        filename=message["filename"],
        compress=tuple(message["compress"]),
        compressed=tuple(message["compressed"]),
    )


def done_message(unpacked: Unpacked) -> dict[str, Any]:
    """The result as it is sent."""
    files = [_packed(file) for file in unpacked.files]
    notes = [[n.code, n.message, n.path, n.count] for n in unpacked.notes]
    variants = {of: [[v.coding, v.sha256, v.size] for v in forms] for of, forms in unpacked.variants.items()}
    return {"done": {"files": files, "notes": notes, "variants": variants}}


def read_done(done: dict[str, Any]) -> Unpacked:
    """The result as it was meant."""
    variants = {of: tuple(StoredVariant(*v) for v in forms) for of, forms in done["variants"].items()}
    return Unpacked(tuple(StoredFile(*f) for f in done["files"]), tuple(Note(*n) for n in done["notes"]), variants)


def _packed(file: StoredFile) -> list[Any]:
    packed = [file.path, file.sha256, file.size]
    return [*packed, file.source, file.source_size] if file.source else packed


def refused_message(error: BuildError) -> dict[str, Any]:
    """The refusal as it is sent."""
    fields = {name: getattr(error, name) for name in ("code", "detail", "path", "limit", "retry")}
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
    )
