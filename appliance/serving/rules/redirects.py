"""Reads `_redirects`: one rule a line, `from [key=value …] to [status[!]] [Condition=value …]`."""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from appliance.serving.abilities import NO_ABILITIES, Abilities
from appliance.serving.hosts import normalise_host
from appliance.serving.rules.compiled import REDIRECTS, Rule, compile_redirect, styles
from appliance.serving.rules.conditions import KNOWN
from appliance.serving.rules.patterns import BadPattern, Pattern, subject
from appliance.serving.rules.report import BadRule, Report, RuleLimits, check_length, lines, shown
from appliance.serving.rules.targets import BadTemplate
from appliance.storage.rules import Pairs, Redirect

DEFAULT_STATUS: Final = {"netlify": 301, "cloudflare": 302}
STATUSES: Final = {
    "netlify": frozenset({200, 301, 302, 303, 307, 308, 403, 404, 410, 451}),
    "cloudflare": frozenset({200, 301, 302, 303, 307, 308}),
}
CLOUDFLARE_RULES = RuleLimits(exact=2_000, dynamic=100)  # what the dialect allows, whatever the operator does

_STATUS = re.compile(r"(\d{3})(!?)", re.ASCII)
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_HOST_LABEL = re.compile(r":[A-Za-z]\w*|\*|[\w-]+")
_CANONICAL = {name.lower(): name for name in KNOWN}


@dataclass(slots=True)
class Redirects:
    """The redirects found fit so far, and the rules about how many there may be."""

    dialect: str
    limits: RuleLimits
    abilities: Abilities = NO_ABILITIES
    rules: list[Rule] = field(default_factory=list)
    exact: int = 0
    dynamic: int = 0
    _taken: set[Pattern] = field(default_factory=set)  # by rules that need nothing but the path
    _at: dict[str, int] = field(default_factory=dict)  # rules of one path

    def add(self, redirect: Redirect) -> str | None:
        """Take a rule in; a remark for its author, if one is due. Raises BadRule."""
        _check_status(redirect, self.dialect)
        rule = _compiled(redirect, self.dialect)
        self._check_origin(rule)
        if rule.pattern in self._taken:
            code = "rule_twice" if self.dialect == "cloudflare" else "rule_shadowed"
            raise BadRule(f"An earlier rule takes all of {shown(redirect.path)}: left out.", code)
        self._count(rule)
        if rule.plain:
            self._taken.add(rule.pattern)
        if self.dialect == "cloudflare":
            # The rule goes before a file. One that covers its own target would hide all it is there to show.
            rule = replace(rule, redirect=replace(redirect, force=not covers_itself(rule)))
        self.rules.append(rule)
        inert = [name for name, _ in redirect.conditions if self.abilities.inert(name)]
        return f"Nothing here can tell a visitor's {inert[0]}: this rule never applies." if inert else None

    def _check_origin(self, rule: Rule) -> None:
        origin = rule.target.origin
        if not origin or rule.redirect.status != 200:
            return
        if self.dialect == "cloudflare":
            raise BadRule("The Cloudflare dialect has no rewrites to another host: left out.", "proxy_off")
        if not self.abilities.may_fetch(origin):
            raise BadRule(f"This server does not fetch from {shown(origin)} (proxy_hosts): left out.", "proxy_off")

    def _count(self, rule: Rule) -> None:
        path, cloudflare = rule.pattern.exact, self.dialect == "cloudflare"
        exact = path is not None and not (cloudflare and self.dynamic)
        most = self.limits.exact if exact else self.limits.dynamic
        if cloudflare:
            most = min(most, CLOUDFLARE_RULES.exact if exact else CLOUDFLARE_RULES.dynamic)
        there = self._at.get(path or "", 0)  # all of one path are tried in turn
        if exact and there >= self.limits.dynamic:
            raise BadRule(f"There are too many rules for {shown(rule.redirect.path)} already: left out.", "rule_limit")
        if (self.exact if exact else self.dynamic) >= most:
            kind, setting = ("exact", "redirect_rules") if exact else ("dynamic", "redirect_rules_dynamic")
            raise BadRule(f"There are more than {most:,} {kind} redirects ({setting}): left out.", "rule_limit")
        self._at[path or ""] = there + 1
        self.exact += exact
        self.dynamic += not exact


def read_redirects(text: str, into: Redirects, report: Report) -> None:
    """Read a whole `_redirects`; what cannot be used goes into the report, line by line."""
    for number, line in enumerate(lines(text), 1):
        try:
            check_length(line, into.limits)
            redirect = read_line(line, into.dialect)
            if redirect is not None:
                remark = into.add(replace(redirect, line=number))
                if remark:
                    report.add("rule_inert", remark, number)
        except BadRule as bad:
            report.add(bad.code, str(bad), number)


def read_line(line: str, dialect: str) -> Redirect | None:
    """One line as a rule, None for an empty one or a comment; raises BadRule."""
    tokens = line.split()
    cut = next((at for at, token in enumerate(tokens) if token.startswith("#")), len(tokens))
    tokens = tokens[:cut]
    if not tokens:
        return None
    host, path = read_source(tokens[0])
    query, rest = _take_query(tokens[1:])
    to, rest = _take_target(rest, path)
    status, force, rest = _take_status(rest, dialect)
    if dialect == "cloudflare" and (query or rest):
        raise BadRule(
            f"{shown((query and tokens[1]) or rest[0])} is not understood in the Cloudflare dialect: left out."
        )
    return Redirect(path, to, status, force, host, query, _conditions(rest))


def read_source(text: str) -> tuple[str, str]:
    """Host ("" for any) and path of a `from`; raises BadRule."""
    if text.startswith("/"):
        return "", text
    host, slash, path = _SCHEME.sub("", text, count=1).partition("/")
    labels = host.partition(":")[0] if re.search(r":\d+$", host) else host
    if not all(_HOST_LABEL.fullmatch(label) for label in labels.split(".")) or ("." not in host and not slash):
        raise BadRule(f"{shown(text)} is neither a path that begins with a slash nor an address: left out.")
    plain = ":" not in labels and "*" not in labels
    known = normalise_host(host) if plain else labels.lower()
    if not known:
        raise BadRule(f"{shown(host)} is no host name: left out.")
    return known, "/" + path


def covers_itself(rule: Rule) -> bool:
    """Whether a rewrite's target is one of the paths it is for."""
    if rule.redirect.status in REDIRECTS or rule.target.origin:
        return False
    target = rule.target.address(dict.fromkeys(rule.pattern.names, "x"))
    return rule.pattern.match(subject(target, folders=rule.pattern.folders)) is not None


def _take_query(tokens: list[str]) -> tuple[Pairs, list[str]]:
    pairs: dict[str, str] = {}
    at = 0
    while at < len(tokens) and "=" in tokens[at] and not _is_target(tokens[at]):
        key, _, value = tokens[at].partition("=")
        pairs[key] = value
        at += 1
    return tuple(pairs.items()), tokens[at:]


def _take_target(tokens: list[str], path: str) -> tuple[str, list[str]]:
    if tokens and _is_target(tokens[0]):
        return tokens[0], tokens[1:]
    status = _STATUS.fullmatch(tokens[0]) if tokens else None
    if status and status[1].startswith("2") and path.endswith("/*"):
        return path[:-1] + ":splat", tokens
    if tokens and not status:
        raise BadRule(f"{shown(tokens[0])} is neither a path that begins with a slash nor an address: left out.")
    raise BadRule("This rule does not say where it leads: left out.")


def _take_status(tokens: list[str], dialect: str) -> tuple[int, bool, list[str]]:
    status = _STATUS.fullmatch(tokens[0]) if tokens else None
    if status:
        return int(status[1]), bool(status[2]), tokens[1:]
    if tokens and "=" not in tokens[0]:
        raise BadRule(f"{shown(tokens[0])} is not a status, such as 301 or 200!: left out.")
    return DEFAULT_STATUS[dialect], False, tokens


def _conditions(tokens: list[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = []
    for token in tokens:
        name, _, values = token.partition("=")
        found.append(read_condition(name, values.split(",")))
    return tuple(found)


def read_condition(name: str, values: list[str]) -> tuple[str, tuple[str, ...]]:
    """A condition in its one spelling; raises BadRule."""
    known = _CANONICAL.get(name.lower())
    fulfilling = tuple(value.strip() for value in values if value.strip())
    if known is None or not fulfilling:
        raise BadRule(f"{shown(name)} is not a condition with values; there are {', '.join(KNOWN)}: left out.")
    return known, fulfilling


def _is_target(token: str) -> bool:
    return token.startswith("/") or _SCHEME.match(token) is not None


def _check_status(redirect: Redirect, dialect: str) -> None:
    if redirect.status not in STATUSES[dialect]:
        known = ", ".join(map(str, sorted(STATUSES[dialect])))
        raise BadRule(f"{redirect.status} is not a status a rule can have; there are {known}: left out.")
    if _SCHEME.match(redirect.to) and redirect.status not in {200, *REDIRECTS}:
        raise BadRule(f"With status {redirect.status} a rule leads to a page of this site: left out.")


def _compiled(redirect: Redirect, dialect: str) -> Rule:
    try:
        return compile_redirect(redirect, styles(dialect)[0])
    except BadPattern as bad:
        raise BadRule(f"{shown(redirect.path)} is no pattern: {bad}. Left out.") from None
    except BadTemplate as bad:
        raise BadRule(f"{shown(redirect.to)} is no target: {bad}. Left out.") from None
