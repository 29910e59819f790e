"""Reads the rule files of a new deploy into its manifest: the site's own redirects, headers and locks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher

from appliance.errors import Limit
from appliance.passwords import LANES, MEMORY_KIB, PASSES
from appliance.serving.release import servable
from appliance.serving.resolve import Entries, doubles
from appliance.serving.rules.reading import FILES, Site, Unlockable, read_rules
from appliance.serving.rules.report import RuleLimits
from appliance.settings import Settings
from appliance.storage.manifest import Entry, Found, Manifest

FAULTS = frozenset({"bad_rule", "bad_header", "bad_toml", "header_refused", "proxy_off", "rule_limit"})
"""What `strict_rules` does not let pass: rules that were left out."""

BlobPath = Callable[[str], Path]


class RefusedRules(Exception):
    """A deploy that must not be made as its rules stand; `str()` is a sentence for its author."""

    def __init__(self, code: str, detail: str, limit: Limit | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.limit = limit


@dataclass(frozen=True, slots=True)
class RuleReader:
    """Reads rule files within the operator's limits: bytes of a file, rules, and whether faults fail the deploy."""

    blob_path: BlobPath
    largest: int
    limits: RuleLimits
    strict: bool

    @classmethod
    def of(cls, settings: Settings, blob_path: BlobPath) -> "RuleReader":
        """The reader that the settings ask for."""
        limits = RuleLimits(
            exact=settings.redirect_rules,
            dynamic=settings.redirect_rules_dynamic,
            headers=settings.header_rules,
            line=settings.rule_line,
        )
        return cls(blob_path, settings.rule_file, limits, settings.strict_rules)

    def read(self, manifest: Manifest) -> Manifest:
        """The manifest with the rules its files hold, and with what is wrong in them among its problems.

        A `_headers` with passwords in it is no longer named, so that its text is not kept. Slow where there are such
        passwords: each is hashed. Raises RefusedRules, and OSError for content that is gone.
        """
        texts = {name: self._text(name, manifest.entries[name]) for name in FILES if name in manifest.entries}
        served = servable(manifest.entries)
        manifest = replace(manifest, problems=(*manifest.problems, *_doubles(served)))
        if not texts:
            return manifest
        site = Site(manifest.options, served, self.limits)
        try:
            rules, problems = read_rules(texts, site, _hash)
        except Unlockable as error:
            raise RefusedRules("bad_lock", str(error)) from None
        if self.strict:
            _refuse_faults(problems)
        entries = manifest.entries
        if rules.locks:
            entries = {path: entry for path, entry in entries.items() if path not in {"_headers", "netlify.toml"}}
        return replace(manifest, rules=rules, entries=entries, problems=(*manifest.problems, *problems))

    def _text(self, name: str, entry: Entry) -> str:
        if entry.size > self.largest:
            limit = Limit("rule_file", str(self.largest))
            raise RefusedRules("rules_too_large", f"{name} is larger than {self.largest:,} bytes (rule_file).", limit)
        return self.blob_path(entry.sha256).read_bytes().decode("utf-8", "replace")


def _doubles(entries: Entries) -> tuple[Found, ...]:
    names = doubles(entries)
    if not names:
        return ()
    page = names[0].removesuffix(".html")
    message = f"There are both {names[0]} and a page for {page}/: /{page} is the first, /{page}/ the second."
    return (Found("page_twice", message, names[0], count=len(names)),)


def _refuse_faults(problems: tuple[Found, ...]) -> None:
    fault = next((one for one in problems if one.code in FAULTS), None)
    if fault is not None:
        place = f"{fault.path} line {fault.line}" if fault.line else fault.path
        raise RefusedRules(fault.code, f"{place}: {fault.message} This server takes no deploy with such rules.")


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


def _hash(password: str) -> str:
    return _hasher().hash(password.encode("utf-8", "surrogatepass"))
