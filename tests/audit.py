"""Known vulnerabilities of what requirements.txt locks, as OSV knows them: `python -m tests.audit [--not-run-to=FILE]`.

Exit code 0 when there are none. Where OSV cannot be reached a line for the summary is added to FILE, in the words of
tests/selection.py; without FILE that is a failure. DROPDOCK_OSV_URL names another address to ask.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
OSV = "https://api.osv.dev/v1/query"
SECONDS = 10.0  # for one answer


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.audit")
    parser.add_argument("--not-run-to", type=Path, metavar="FILE", help="say here that it cannot be reached")
    options = parser.parse_args(arguments)
    url = os.environ.get("DROPDOCK_OSV_URL", OSV)
    reason = unreachable(url)
    if reason is None:
        return audit(url)
    line = f"not run: known vulnerabilities of libraries, because {httpx.URL(url).host} cannot be asked ({reason})"
    print(line)
    if options.not_run_to is None:
        return 1
    with options.not_run_to.open("a", encoding="utf-8") as notes:
        notes.write(f"{line}\n")
    return 0


def unreachable(url: str) -> str | None:
    """Why the source does not answer, None when it does."""
    question = {"package": {"name": "quart", "ecosystem": "PyPI"}, "version": "0.22.0"}
    try:
        httpx.post(url, json=question, timeout=SECONDS).raise_for_status()
    except httpx.HTTPStatusError as error:
        return f"it answers {error.response.status_code}"
    except httpx.HTTPError as error:
        return type(error).__name__
    return None


def audit(url: str) -> int:
    """pip-audit's exit code; it prints what it finds."""
    what = ("--requirement", str(ROOT / "requirements.txt"), "--disable-pip", "--require-hashes")
    how = ("--vulnerability-service", "osv", "--osv-url", url, "--progress-spinner", "off", "--desc", "off")
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "pip_audit", *what, *how, "--cache-dir", cache]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
