"""A deploy's rules made ready: which redirect applies to a request, and which header fields its answer gets."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from appliance.serving.abilities import NO_ABILITIES, Abilities
from appliance.serving.addresses import Address
from appliance.serving.hosts import normalise_host
from appliance.serving.replies import TO_PROXIES, Field
from appliance.serving.resolve import Entries, File, Hop, natural
from appliance.serving.rules import conditions
from appliance.serving.rules.edits import NO_EDIT, Edit
from appliance.serving.rules.index import Index
from appliance.serving.rules.patterns import (
    CLOUDFLARE,
    NETLIFY,
    NETLIFY_HEADERS,
    BadPattern,
    Captured,
    Pattern,
    Style,
    subject,
)
from appliance.serving.rules.patterns import parse as parse_pattern
from appliance.serving.rules.queries import fits as query_fits
from appliance.serving.rules.targets import BadTemplate, Filling, Template, parse_filling, parse_target
from appliance.storage.rules import HeaderBlock, Redirect, Rules

REDIRECTS = (301, 302, 303, 307, 308)
_STYLES: Final = {"cloudflare": (CLOUDFLARE, CLOUDFLARE)}
Obstacle = Literal["", "host", "query", "condition"]
"""What of a rule does not hold; nothing when it applies."""
_IN_HEADER = "/!$*+=:@~"  # no comma or semicolon: a value's structure is its author's


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request rules look at; the host as it was sent."""

    address: Address
    query: bytes
    host: bytes
    headers: conditions.Headers


@dataclass(frozen=True, slots=True)
class Rule:
    """A redirect with its pattern and its target taken apart."""

    redirect: Redirect
    pattern: Pattern
    target: Template

    @property
    def plain(self) -> bool:
        """Whether nothing but the path decides if it applies."""
        return not (self.redirect.query or self.redirect.conditions or self.redirect.host)


@dataclass(frozen=True, slots=True)
class Ruling:
    """The redirect that applies to a request, if one does, with what its names stand for.

    `reads` are the request headers that decided. `first` says that some rule for this path goes before a file, now
    or for another visitor.
    """

    rule: Rule | None
    captured: Captured
    reads: tuple[bytes, ...]
    first: bool

    @property
    def forced(self) -> bool:
        """Whether the redirect goes before a file."""
        return self.rule is not None and self.rule.redirect.force


NO_RULING = Ruling(None, {}, (), first=False)


@dataclass(frozen=True, slots=True)
class _Block:
    block: HeaderBlock
    pattern: Pattern
    values: tuple[tuple[bytes, Filling], ...]
    names: bool  # whether a value uses what the path captured


class Compiled:
    """The rules of one deploy as look-ups. Never changes once it is made; `steps` counts patterns tried, for tests.

    `asks_visitor` says that some rule has conditions, `asks_country` that one of them is where visitors are.
    """

    def __init__(self, rules: Rules, dialect: str, abilities: Abilities = NO_ABILITIES) -> None:
        self.steps = 0
        self.asks_country = False
        self.asks_visitor = False
        style, header_style = styles(dialect)
        self._folders = style.folders
        self._joins = dialect == "cloudflare"
        self.redirects: Index[Rule] = Index()
        self._inert: Index[Rule] = Index()  # what never applies, kept to be able to say so
        self._blocks: Index[_Block] = Index()
        for redirect in rules.redirects:
            names = [name for name, _ in redirect.conditions]
            inert = any(map(abilities.inert, names)) or not _may_fetch(redirect, abilities)
            self.asks_visitor = self.asks_visitor or bool(names)
            self.asks_country = self.asks_country or ("Country" in names and not inert)
            self._add(self._inert if inert else self.redirects, redirect, style)
        for block in rules.headers:
            with suppress(BadPattern):  # it was read when the deploy was made; a later reader may be stricter
                pattern = parse_pattern(block.path, header_style)
                self._blocks.add(pattern, _compile_block(block, pattern))

    def _add(self, index: Index[Rule], redirect: Redirect, style: Style) -> None:
        with suppress(BadPattern, BadTemplate):  # likewise
            rule = compile_redirect(redirect, style)
            index.add(rule.pattern, rule)

    def rule(self, asked: Asked) -> Ruling:
        """The first redirect that applies."""
        if not len(self.redirects):
            return NO_RULING
        segments = subject(asked.address, folders=self._folders)
        reads: dict[bytes, None] = {}
        first = False
        host: str | None = None
        chosen: tuple[Rule, Captured] | None = None
        for rule in self.redirects.candidates(segments):
            self.steps += 1
            captured = rule.pattern.match(segments, slash=asked.address.slash)
            if captured is None:
                continue
            first = first or rule.redirect.force
            if chosen is not None:
                if rule.plain:
                    break
                continue
            if rule.redirect.host:
                host = normalise_host(asked.host) if host is None else host
            if not self._obstacle(rule, captured, asked, host or "", reads):
                chosen = rule, captured
                if rule.plain:
                    break
        rule_found, captured = chosen or (None, {})
        return Ruling(rule_found, captured, tuple(reads), first)

    def edit(self, address: Address, host: bytes, blocks: list[HeaderBlock] | None = None) -> tuple[Edit, bool]:
        """What the header blocks do to answers at this path, and whether that is the same for every host.

        The blocks that do it are put into `blocks`, where it is given.
        """
        if not len(self._blocks):
            return NO_EDIT, True
        segments = subject(address, folders=self._folders)
        fields: dict[bytes, bytes] = {}
        everywhere, lasting, named = True, True, ""
        for one in self._blocks.candidates(segments):
            captured = one.pattern.match(segments, slash=address.slash)
            if captured is None:
                continue
            if one.block.host:
                everywhere = False
                named = named or normalise_host(host)
                if not host_fits(one.block.host, named, captured):
                    continue
            self._merge(fields, one, captured)
            lasting = lasting and not one.names
            if blocks is not None:
                blocks.append(one.block)
        made: tuple[Field, ...] = tuple(fields.items())
        return (Edit(made, lasting=lasting) if made else NO_EDIT), everywhere

    def passed_over(self, asked: Asked) -> Iterator[tuple[Redirect, Obstacle]]:
        """The redirects for this path that come before the one that applies, each with what is in their way."""
        segments, host = subject(asked.address, folders=self._folders), normalise_host(asked.host)
        for rule in self._inert.candidates(segments):
            if rule.pattern.match(segments, slash=asked.address.slash) is not None:
                yield rule.redirect, "condition"
        for rule in self.redirects.candidates(segments):
            captured = rule.pattern.match(segments, slash=asked.address.slash)
            if captured is None:
                continue
            obstacle = self._obstacle(rule, captured, asked, host, {})
            if not obstacle:
                return
            yield rule.redirect, obstacle

    def _obstacle(self, rule: Rule, captured: Captured, asked: Asked, host: str, reads: dict[bytes, None]) -> Obstacle:
        redirect = rule.redirect
        if redirect.host and not host_fits(redirect.host, host, captured):
            return "host"
        if redirect.query and not query_fits(redirect.query, asked.query, captured):
            return "query"
        for name, _ in redirect.conditions:
            reads.update(dict.fromkeys(conditions.READS[name]))
        return "" if conditions.hold(redirect.conditions, asked.headers) else "condition"

    def _merge(self, fields: dict[bytes, bytes], one: _Block, captured: Captured) -> None:
        for dropped in one.block.drop:
            fields.pop(dropped.encode("ascii"), None)
        for name, value in one.values:
            filled = value.fill(captured, _IN_HEADER).encode("utf-8")
            before = fields.get(name) if self._joins else None
            fields[name] = filled if before is None else before + b", " + filled


def rewritten(entries: Entries, address: Address) -> str | None:
    """The file a rewrite to this address stands for, straight away: no mode's canonical hop, no further rule."""
    found = natural(entries, address)
    if isinstance(found, Hop):
        found = natural(entries, found.to)
    return found.name if isinstance(found, File) else None


def styles(dialect: str) -> tuple[Style, Style]:
    """How a dialect reads the patterns of redirects, and those of headers."""
    return _STYLES.get(dialect, (NETLIFY, NETLIFY_HEADERS))


def compile_redirect(redirect: Redirect, style: Style) -> Rule:
    """Take a redirect apart; raises BadPattern, BadTemplate, which a rule that was read once never does."""
    pattern = parse_pattern(redirect.path, style)
    asked = [value[1:] for _, value in redirect.query if value.startswith(":")]
    hosted = [label[1:] for label in redirect.host.split(".") if label.startswith(":")]
    return Rule(redirect, pattern, parse_target(redirect.to, [*pattern.names, *asked, *hosted]))


def _may_fetch(redirect: Redirect, abilities: Abilities) -> bool:
    """Whether a rewrite leads nowhere else than it may now, whatever was allowed when the deploy was made."""
    if redirect.status != 200 or redirect.to.startswith("/"):
        return True
    return abilities.may_fetch(parse_target(redirect.to, ()).origin)


def host_fits(pattern: str, host: str, captured: Captured) -> bool:
    """Whether a host is the one written, where a label `*` or `:name` stands for any."""
    if ":" not in pattern and "*" not in pattern:
        return pattern == host
    wanted, labels = pattern.split("."), host.split(".")
    if len(wanted) != len(labels):
        return False
    for want, label in zip(wanted, labels, strict=True):
        if want.startswith(":"):
            captured[want[1:]] = label
        elif want not in ("*", label):
            return False
    return True


def _compile_block(block: HeaderBlock, pattern: Pattern) -> _Block:
    hosted = [label[1:] for label in block.host.split(".") if label.startswith(":")]
    names = [*pattern.names, *hosted]
    fields = ((name.encode("ascii"), value) for name, value in block.fields)  # of older deploys, too
    values = tuple((name, parse_filling(value, names, None)) for name, value in fields if name not in TO_PROXIES)
    return _Block(block, pattern, values, any(value.names for _, value in values))
