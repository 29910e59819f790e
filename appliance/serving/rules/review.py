"""Looks a deploy's rules over once more, together and beside its files: what is never reached, what goes in circles."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from appliance.serving.addresses import Address
from appliance.serving.resolve import Entries, Hop, Resolve
from appliance.serving.rules.compiled import REDIRECTS, Rule
from appliance.serving.rules.index import Index
from appliance.serving.rules.patterns import SPLAT, Captured, subject
from appliance.serving.rules.report import shown
from appliance.storage.rules import Redirect

MOST_HOPS: Final = 20  # browsers give up at about as many
MOST_TRIES: Final = 500_000  # patterns tried for one deploy, about a second; what is beyond is not looked over
_STRANGE = "\ufffd"  # a segment that no rule spells out

Tell = Callable[[str, str, Rule], None]


def review(rules: list[Rule], entries: Entries, resolve: Resolve, tell: Tell) -> list[Rule]:
    """The rules, without what would send visitors in circles; `tell` hears of that, and of what is never reached.

    Only what every visitor meets alike is judged: a rule with a condition, a query or a host may always have its use.
    """
    files = _Files(entries, resolve)
    kept = _without_circles(rules, files, tell)
    earlier = _Rules()
    for rule in kept:
        above = earlier.covering(rule)
        if above is not None:
            tell("rule_shadowed", _never(above.redirect), rule)
        elif files.hide(rule):
            tell("rule_shadowed", "Never reached: there is a file. A ! after the status would go before it.", rule)
        if rule.plain:
            earlier.add(rule)
    return kept


class _Files:
    """The files of the deploy, as visitors find them."""

    def __init__(self, entries: Entries, resolve: Resolve) -> None:
        self._entries = entries
        self._resolve = resolve

    def answer(self, address: Address) -> bool:
        """Whether a file goes before a rule that does not insist."""
        return self._resolve(self._entries, address) is not None

    def hop(self, address: Address) -> Address | None:
        """Where the HTML mode moves a visitor of this address."""
        found = self._resolve(self._entries, address)
        return found.to if isinstance(found, Hop) else None

    def hide(self, rule: Rule) -> bool:
        """Whether the one path of a rule is a file's."""
        exact = rule.pattern.exact
        if exact is None or rule.redirect.force:
            return False
        return self.answer(Address(exact.rstrip("/"), slash=not exact or exact.endswith("/")))


class _Rules:
    """Rules that nothing but the path decides on, to be asked where they lead."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._index: Index[Rule] = Index()
        self._dropped: set[int] = set()
        self._tries = 0
        for rule in rules:
            self.add(rule)

    def add(self, rule: Rule) -> None:
        """Put a rule behind the others."""
        self._index.add(rule.pattern, rule)

    def drop(self, rule: Rule) -> None:
        """Ask no more where this one leads."""
        self._dropped.add(id(rule))

    def at(self, here: Address, *, folders: bool) -> tuple[Rule, Captured] | None:
        """The first rule for a path, and what its names stand for."""
        segments = subject(here, folders=folders)
        for rule in self._index.candidates(segments):
            self._tries += 1
            if self._tries > MOST_TRIES:
                return None
            captured = rule.pattern.match(segments, slash=here.slash)
            if captured is not None and id(rule) not in self._dropped:
                return rule, captured
        return None

    def covering(self, rule: Rule) -> Rule | None:
        """The one rule here that takes the shortest and a longer path of another one, and so all of them."""
        folders = rule.pattern.folders
        samples = [_sample(rule, ""), _sample(rule, f"{_STRANGE}/{_STRANGE}/{_STRANGE}")]
        found = [self.at(sample, folders=folders) for sample in samples]
        first = found[0] and found[0][0]
        return first if first is not None and all(one and one[0] is first for one in found) else None


def _without_circles(rules: list[Rule], files: _Files, tell: Tell) -> list[Rule]:
    plain = _Rules(rule for rule in rules if rule.plain)
    kept = []
    for rule in rules:
        hops = _hops_back(rule, plain, files)
        if hops is None:
            kept.append(rule)
            continue
        code, what = ("rule_same", "to itself") if hops == 0 else ("rule_loop", "around in a circle")
        if rule.pattern.names and not rule.redirect.force:  # some of what it leads to may be files
            kept.append(replace(rule, redirect=replace(rule.redirect, if_there=True)))
            tell(code, f"{shown(rule.redirect.path)} can lead {what}: used only where it leads to a file.", rule)
        else:
            plain.drop(rule)
            tell(code, f"{shown(rule.redirect.path)} leads {what}: left out.", rule)
    return kept


def _hops_back(rule: Rule, rules: _Rules, files: _Files) -> int | None:
    """After how many more hops a visitor is back where the rule sent them; None when they arrive somewhere."""
    if not rule.plain or not _moves(rule):
        return None
    here = rule.target.address(dict.fromkeys(rule.pattern.names, _STRANGE))
    for hop in range(MOST_HOPS):
        match = rules.at(here, folders=rule.pattern.folders)
        if match is None or (not match[0].redirect.force and files.answer(here)):
            canonical = files.hop(here)
            if canonical is None:
                return None
            here = canonical
            continue
        if match[0] is rule or not _moves(match[0]):
            return hop if match[0] is rule else None
        here = match[0].target.address(match[1])
    return None


def _moves(rule: Rule) -> bool:
    """Whether a rule sends visitors to another address of this site."""
    return rule.redirect.status in REDIRECTS and not rule.target.origin


def _sample(rule: Rule, splat: str) -> Address:
    """A path that the rule is for, with strange segments for its names."""
    captured = dict.fromkeys(rule.pattern.names, _STRANGE)
    if SPLAT in captured:
        captured[SPLAT] = splat
    segments = rule.pattern.build(captured)
    return Address("/".join(segments).rstrip("/"), slash=not segments or segments[-1] == "")


def _never(above: Redirect) -> str:
    if above.line:
        return f"Never reached: {above.file} line {above.line} takes all of this."
    return f"Never reached: {above.file} takes all of this."
