"""Sites with rules: read and compiled as a deploy does it."""

import hashlib
from pathlib import Path
from typing import Any

from appliance.serving.abilities import NO_ABILITIES, Abilities
from appliance.serving.engine import Request, answer
from appliance.serving.release import Release, compile_release
from appliance.serving.replies import Reply
from appliance.serving.rules.reading import FILES, Site, read_rules
from appliance.serving.rules.report import RuleLimits
from appliance.storage.manifest import Found, Manifest, Options, decode, encode
from appliance.storage.rules import Rules
from tests.serving.lanes import entry


def hashed(password: str) -> str:
    return f"hash of {len(password)}"


def read(
    files: dict[str, str], *, limits: RuleLimits | None = None, **options: Any
) -> tuple[Rules, list[tuple[str, int | None]]]:
    """The rules in the files, and (code, line) of each problem."""
    rules, problems = found(files, limits=limits, **options)
    return rules, [(one.code, one.line) for one in problems]


def found(
    files: dict[str, str],
    *,
    limits: RuleLimits | None = None,
    abilities: Abilities = NO_ABILITIES,
    **options: Any,
) -> tuple[Rules, tuple[Found, ...]]:
    texts = {name: text for name, text in files.items() if name in FILES}
    entries = {name: entry(text.encode(), name) for name, text in files.items() if name not in FILES}
    return read_rules(texts, Site(Options(**options), entries, limits or RuleLimits(), abilities), hashed)


def ruled(
    folder: Path, files: dict[str, str], *, preview: bool = False, abilities: Abilities = NO_ABILITIES, **options: Any
) -> Release:
    """A release of these files, its rules stored and read back on the way."""
    for text in files.values():
        (folder / hashlib.sha256(text.encode()).hexdigest()).write_bytes(text.encode())
    entries = {name: entry(text.encode(), name) for name, text in files.items()}
    rules, _ = found(files, abilities=abilities, **options)
    manifest = decode(encode(Manifest(Options(**options), entries, rules=rules)))
    return compile_release(
        site="site",
        deploy="d1",
        preview=preview,
        manifest=manifest,
        blob_path=folder.joinpath,
        abilities=abilities,
    )


def ask(release: Release, target: str, headers: dict[str, str] | None = None, *, host: str = "site.localhost") -> Reply:
    sent = {name.lower().encode(): value.encode() for name, value in (headers or {}).items()}
    return answer(Request(b"GET", target.encode(), sent, sent, host.encode()), release)


def outcome(reply: Reply, files: dict[str, str]) -> str:
    """`status location`, `status file`, or the status alone for a page of ours."""
    location = dict(reply.fields).get(b"location")
    if location is not None:
        return f"{reply.status} {location.decode()}"
    names = {hashlib.sha256(text.encode()).hexdigest(): name for name, text in files.items()}
    return f"{reply.status} {names[Path(reply.part.path).name]}" if reply.part else str(reply.status)
