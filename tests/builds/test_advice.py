"""What a failed build printed is known again, and its author is told what to do rather than to read a log."""

import pytest

from builds.advice import advice_on
from builds.log import BuildLog

SAID = {  # what the tools print, as they did
    "npm error `npm ci` can only install packages when your package.json and package-lock.json are": "does not fit",
    ' ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile" because it is old': "does not fit",
    "error Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`.": "does not fit",
    "npm error The `npm ci` command can only install with an existing package-lock.json or": "is broken",
    "npm error code EJSONPARSE": "package.json is not valid JSON",
    "npm error code ERESOLVE": "legacy-peer-deps",
    "npm error code E404": "private",
    "npm error code ETARGET": "in the version",
    "ERROR: No matching distribution found for no-such-package==1": "in the version",
    "sh: 1: gulp: not found": "“gulp” is not there",
    "bash: line 3: tsc: command not found": "“tsc” is not there",
    'ERROR failed to load modules: module "ananke" not found in "/x/themes/ananke"; either': "The theme “ananke”",
    "git.exc.InvalidGitRepositoryError: /x/docs": "Git history",
    "[cause]: Error: getaddrinfo ENOTFOUND api.example.org": "no network",
    "curl: (6) Could not resolve host: api.example.org": "no network",
}


@pytest.mark.parametrize("line", SAID)
def test_a_known_reason_has_its_advice(line: str) -> None:
    assert SAID[line] in advice_on([line], "build")


def test_while_fetching_there_is_a_network() -> None:
    assert advice_on(["npm error getaddrinfo ENOTFOUND registry.example"], "fetch") == ""


def test_the_last_reason_in_a_step_counts_however_long_a_tool_goes_on_after_it() -> None:
    log = BuildLog(lambda _step, _line: None, (), 100)
    log.step("fetch")
    log.line("npm error code E404")
    log.step("build")
    before = log.advice()
    log.output(b"sh: 1: tsc: not found\nsh: 1: gulp: not found\n" + b"npm error usage\n" * 150)

    assert before == ""
    assert log.advice().startswith("“gulp”")
