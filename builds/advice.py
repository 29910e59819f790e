"""Reasons that are known again in what a failed build printed, and what its author can do about them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from builds.order import RUN
from builds.refusals import shown


@dataclass(frozen=True, slots=True)
class Reason:
    """What a program prints, as a pattern, and the advice, in which `{}` is its group. `step`: in this one only."""

    printed: str
    advice: str
    step: str = ""


# The words of npm 11, pnpm 9, Yarn 1 and 4, Bun 1, pip 25, dash and bash, Hugo 0.168, GitPython, setuptools-scm 8.
REASONS = (
    Reason(
        r"`npm ci` can only install packages when|ERR_PNPM_OUTDATED_LOCKFILE|[Ll]ockfile needs to be updated"
        r"|lockfile would have been (?:created|modified)|lockfile had changes, but lockfile is frozen",
        "The lock file does not fit package.json: install once on your machine, and send the new lock file along.",
    ),
    Reason(
        r"can only install with an existing package-lock\.json|ERR_PNPM_BROKEN_LOCKFILE|Failed to parse lockfile",
        "The lock file is broken: make it anew on your machine, or leave it out.",
    ),
    Reason(
        r"npm (?:error|ERR!) code EJSONPARSE",
        "package.json is not valid JSON: mend what the log says of it.",
    ),
    Reason(
        r"npm (?:error|ERR!) code ERESOLVE",
        "Two packages need different versions of a third: change them in package.json, "
        "or put legacy-peer-deps=true into .npmrc.",
    ),
    Reason(
        r"npm (?:error|ERR!) code E40[134]\b|ERR_PNPM_FETCH_40[134]",
        "The registry does not give out a package: it is misspelled or private. For a private one, set a variable with "
        "its token that goes to fetching, and name that in .npmrc.",
    ),
    Reason(
        r"npm (?:error|ERR!) code ETARGET|No matching distribution found for|ERR_PNPM_NO_MATCHING_VERSION",
        "A package is not there in the version that is asked for: ask for another.",
    ),
    Reason(
        r"\b(?:ba)?sh: (?:\d{1,6}: |line \d{1,6}: )?([\w@./-]{1,60}): (?:command )?not found",
        "“{}” is not there: have the project install the package that it comes from.",
    ),
    Reason(
        r'failed to load modules: module "([^"]{1,100})" not found',
        "The theme “{}” is not in the upload: put it into themes/ as files, which a Git submodule is not.",
    ),
    Reason(
        r"InvalidGitRepositoryError|setuptools-scm was unable to detect version|not a git repository",
        "Something in the build wants to read the project's Git history, which an upload does not have.",
    ),
    Reason(
        r"\b(?:ENOTFOUND|EAI_AGAIN)\b|Temporary failure in name resolution|Name or service not known"
        r"|Could not resolve host|ENETUNREACH|Network is unreachable|dial tcp: lookup",
        "A build has no network once its dependencies are there: have it use files of the project or of its packages.",
        step=RUN,
    ),
)


def advice_on(lines: Iterable[str], step: str) -> str:
    """What to do about the first of these lines, printed in a step, that says a known reason; empty without any."""
    reasons = [reason for reason in REASONS if reason.step in {"", step}]
    for line in lines:
        for reason in reasons:
            if found := re.search(reason.printed, line):
                return reason.advice.format(*map(shown, found.groups()))
    return ""
