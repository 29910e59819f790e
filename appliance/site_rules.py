"""Reads the rule files of a new deploy into its manifest: the site's own redirects, headers and locks."""

import codecs
import re
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from argon2 import PasswordHasher

from appliance.errors import Limit
from appliance.passwords import LANES, MEMORY_KIB, PASSES
from appliance.serving.abilities import NO_ABILITIES, Abilities
from appliance.serving.release import servable
from appliance.serving.resolve import Entries, doubles
from appliance.serving.rules.reading import FILES, Site, Unlockable, read_rules
from appliance.serving.rules.report import RuleLimits
from appliance.serving.rules.sealing import sealed
from appliance.settings import Settings
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Entry, Found, Gently, Manifest
from appliance.storage.media_types import media_type

FAULTS = frozenset({"bad_rule", "bad_header", "bad_toml", "header_refused", "proxy_off", "rule_limit"})
"""What `strict_rules` does not let pass: rules that were left out."""
ASIDE = ("_headers", "netlify.toml")
"""Files that may hold passwords, and are not stored as they came."""
NOT_KEPT = "rules_not_kept"
"""The code of what is found where such a file is not stored at all."""

_LIKE = (*(f"{name}.txt" for name in FILES), "_redirects", "_headers")  # Windows hides the `.txt` it adds
_HASHED = re.compile(
    rf"\$argon2id\$v=19\$m={MEMORY_KIB},t={PASSES},p={LANES}\$[A-Za-z0-9+/]{{22,86}}\$[A-Za-z0-9+/]{{43,86}}", re.ASCII
)


def abilities_of(settings: Settings) -> Abilities:
    """What the operator lets this server do for rules."""
    return Abilities(bool(settings.geoip_file or settings.country_header), settings.proxy_hosts)


class RefusedRules(Exception):
    """A deploy that must not be made as its rules stand; `str()` is a sentence for its author."""

    def __init__(self, code: str, detail: str, limit: Limit | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.limit = limit


@dataclass(frozen=True, slots=True)
class RuleReader:
    """Reads rule files within the operator's limits: bytes of a file, rules, and whether faults fail the deploy."""

    blobs: Blobs
    largest: int
    limits: RuleLimits
    strict: bool
    abilities: Abilities = NO_ABILITIES

    @classmethod
    def of(cls, settings: Settings, blobs: Blobs) -> "RuleReader":
        """The reader that the settings ask for."""
        limits = RuleLimits(
            exact=settings.redirect_rules,
            dynamic=settings.redirect_rules_dynamic,
            headers=settings.header_rules,
            line=settings.rule_line,
        )
        return cls(blobs, settings.rule_file, limits, settings.strict_rules, abilities_of(settings))

    def read(self, manifest: Manifest, aside: Path, now: int, gently: Gently = iter) -> Manifest:
        """The manifest with the rules its files hold, and with what is wrong in them among its problems.

        What is in the folder `aside` is read there, as the store may not have it yet. Files that were set aside become
        part of it, with hashes in the place of passwords; `now` is in seconds since 1970. Slow where there are some:
        each is hashed. `gently` passes on what there is much of. Raises RefusedRules, and OSError for content that is
        gone or cannot be stored.
        """
        texts = self._texts(manifest, aside)
        served = servable(manifest.entries, gently)
        manifest = replace(
            manifest, problems=(*manifest.problems, *_doubles(served, gently), *_misplaced(served, gently))
        )
        if not texts:
            return manifest
        site = Site(manifest.options, served, self.limits, self.abilities)
        hashes: dict[str, str] = {}
        try:
            rules, problems = read_rules(texts, site, partial(_hash, hashes))
        except Unlockable as error:
            raise RefusedRules("bad_lock", str(error)) from None
        if self.strict:
            _refuse_faults(problems)
        kept = self._kept(aside, texts, hashes, now)
        entries = {**manifest.entries, **{name: entry for name, entry in kept.items() if entry is not None}}
        problems = (*manifest.problems, *problems, *(_not_kept(name) for name, entry in kept.items() if entry is None))
        return replace(manifest, rules=rules, entries=dict(sorted(entries.items())), problems=problems)

    def _texts(self, manifest: Manifest, aside: Path) -> dict[str, str]:
        paths = {name: self.blobs.path(manifest.entries[name].sha256) for name in FILES if name in manifest.entries}
        paths |= {name: aside / name for name in FILES if (aside / name).exists()}
        return {name: self._text(name, path) for name, path in paths.items()}

    def _text(self, name: str, path: Path) -> str:
        if path.stat().st_size > self.largest:
            limit = Limit("rule_file", str(self.largest))
            raise RefusedRules("rules_too_large", f"{name} is larger than {self.largest:,} bytes (rule_file).", limit)
        return _decoded(path.read_bytes())

    def _kept(self, aside: Path, texts: dict[str, str], hashes: dict[str, str], now: int) -> dict[str, Entry | None]:
        """What of the files that may hold passwords goes into the store; None where these cannot be told apart."""
        kept: dict[str, Entry | None] = {}
        for name in ASIDE:
            if (aside / name).exists():
                text = sealed(name, texts[name], hashes.get)
                kept[name] = None if text is None else self._stored(name, text, texts[name], aside, now)
        return kept

    def _stored(self, name: str, text: str, original: str, aside: Path, now: int) -> Entry:
        content = text.encode() if text != original else (aside / name).read_bytes()
        return Entry(self.blobs.put(content), len(content), media_type(name), now)


def _decoded(content: bytes) -> str:
    """The text of a rule file; Windows also writes such in UTF-16, with its mark, and in code page 1252."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _doubles(entries: Entries, gently: Gently) -> tuple[Found, ...]:
    names = doubles(entries, gently)
    if not names:
        return ()
    page = names[0].removesuffix(".html")
    message = f"There are both {names[0]} and a page for {page}/: /{page} is the first, /{page}/ the second."
    return (Found("page_twice", message, names[0], count=len(names)),)


def _not_kept(name: str) -> Found:
    message = (
        f"Passwords in {name} cannot be told from the rest of it, so it is obeyed but not kept: this deploy can be "
        "neither changed in part nor made again from what is stored."
    )
    return Found(NOT_KEPT, message, name)


def _misplaced(entries: Entries, gently: Gently) -> tuple[Found, ...]:
    """Files by which somebody meant rules, but which are files like any other.

    A `netlify.toml` elsewhere may only say how something is built: that is looked at while the upload is worked on.
    """
    names = sorted(name for name in gently(entries) if name.lower().endswith(_LIKE) and _meant(name))
    if not names:
        return ()
    path, meant = names[0], _meant(names[0])
    message = f"{path} holds no rules and is a file that visitors can read: rules are read from {meant} at the top."
    return (Found("rules_misplaced", message, path, count=len(names)),)


def _meant(name: str) -> str:
    """The file of rules that somebody may have meant by a file of another name or in another folder; "" for none."""
    last = name.rpartition("/")[2].lower().removesuffix(".txt")
    return last if last in FILES else ""


def _refuse_faults(problems: tuple[Found, ...]) -> None:
    fault = next((one for one in problems if one.code in FAULTS), None)
    if fault is not None:
        raise RefusedRules(fault.code, _refusal(fault))


def _refusal(fault: Found) -> str:
    if fault.line:
        return f"{fault.path} line {fault.line}: {fault.message} This server takes no deploy with such rules."
    return f"{fault.path}: {fault.message} This server takes no deploy with such rules."


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


def _hash(known: dict[str, str], password: str) -> str:
    """The hash of a password, which is noted in `known`; what is such a hash already (a file that was kept) stays."""
    if password not in known:
        made = _HASHED.fullmatch(password) is not None
        known[password] = password if made else _hasher().hash(password.encode("utf-8", "surrogatepass"))
    return known[password]
