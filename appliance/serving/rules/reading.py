"""From the texts of a site's rule files to its rules as plain values, with every problem found on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.serving.abilities import NO_ABILITIES, Abilities
from appliance.serving.resolve import Entries, chosen
from appliance.serving.rules.compiled import Rule
from appliance.serving.rules.headers import HashPassword, Headers, read_headers
from appliance.serving.rules.redirects import STATUSES, Redirects, read_redirects
from appliance.serving.rules.report import Report, RuleLimits
from appliance.serving.rules.review import review
from appliance.serving.rules.toml_tables import read_toml
from appliance.storage.manifest import Found, Options
from appliance.storage.rules import Rules

FILES = ("_redirects", "_headers", "netlify.toml")


class Unlockable(Exception):
    """A rule file asks for a password at a path that could not be understood; `str()` is a sentence for its author."""


@dataclass(frozen=True, slots=True)
class Site:
    """What the rules stand beside: the options and files of the deploy, and what the operator allows."""

    options: Options = field(default_factory=Options)
    entries: Entries = field(default_factory=dict)
    limits: RuleLimits = field(default_factory=RuleLimits)
    abilities: Abilities = NO_ABILITIES


def read_rules(texts: Mapping[str, str], site: Site, hash_password: HashPassword) -> tuple[Rules, tuple[Found, ...]]:
    """The rules in a deploy's FILES, by name of file, and what its author should know; raises Unlockable.

    Nothing else is raised, whatever the texts hold.
    """
    reports = {name: Report(name) for name in FILES}
    dialect = site.options.dialect if site.options.dialect in STATUSES else "netlify"
    redirects = Redirects(dialect, site.limits, site.abilities)
    headers = Headers(dialect, site.limits, hash_password)
    read_redirects(texts.get("_redirects", ""), redirects, reports["_redirects"])
    read_headers(texts.get("_headers", ""), headers, reports["_headers"])
    read_toml(texts.get("netlify.toml", ""), redirects, headers, reports["netlify.toml"])
    if headers.unplaced:
        raise Unlockable(
            f"Basic-Auth (line {headers.unplaced}) stands below a path that cannot be used. "
            "Nothing was published, so that what it should lock is not open: correct the path above it."
        )

    def tell(code: str, message: str, rule: Rule) -> None:
        reports[rule.redirect.file].add(code, message, rule.redirect.line)

    kept = review(redirects.rules, site.entries, chosen(site.options, site.entries), tell)
    rules = Rules(tuple(rule.redirect for rule in kept), tuple(headers.blocks), tuple(headers.locks))
    return rules, tuple(problem for report in reports.values() for problem in report.problems())
