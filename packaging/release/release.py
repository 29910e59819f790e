"""Make a release here: `release.py VERSION` checks, puts the version in, commits and tags; publishing it is a push.

The tag is made last, when the whole gate has passed on what it will name. Where anything fails, nothing is left behind.
"""

import re
import subprocess
import sys
from pathlib import Path

from changelog import CHANGELOG, NotThere, newest, notes

VERSION_FILE = Path("appliance/version.py")
VERSION = re.compile(r'^VERSION = "([^"]*)"$', re.MULTILINE)
FORM = re.compile(r"\d+\.\d+\.\d+")


class Unready(Exception):
    """There can be no such release now; `str()` is a sentence that says what to do."""


def main(version: str) -> int:
    """The exit code: 0 when the tag is there."""
    try:
        said = ready(version)
    except (Unready, NotThere) as reason:
        print(reason, file=sys.stderr)
        return 1
    before = VERSION_FILE.read_text(encoding="utf-8")
    VERSION_FILE.write_text(VERSION.sub(f'VERSION = "{version}"', before), encoding="utf-8")
    if subprocess.run([sys.executable, "tests/check.py"], check=False).returncode != 0:
        VERSION_FILE.write_text(before, encoding="utf-8")
        print(f"The checks failed, so there is no {version}: their summary stands above.", file=sys.stderr)
        return 1
    if git("status", "--porcelain", str(VERSION_FILE)):
        git("commit", "--quiet", "--message", f"This is {version}", str(VERSION_FILE))
    git("tag", "--annotate", "--cleanup=verbatim", "--message", f"Dropdock {version}\n\n{said}\n", f"v{version}")
    print(f"v{version} is tagged. Publish it with: git push origin HEAD v{version}")
    return 0


def ready(version: str) -> str:
    """The release's notes, if there can be one of that version now. Raises Unready, NotThere."""
    text = CHANGELOG.read_text(encoding="utf-8")
    said = notes(text, version) if FORM.fullmatch(version) else ""
    if not said:
        raise Unready(f"{version!r} is no version like 1.2.3; type: make release VERSION=1.2.3")
    if newest(text) != version:
        raise Unready(f"The first heading of CHANGELOG.md is {newest(text)}, not {version}: a release is the newest.")
    if git("tag", "--list", f"v{version}"):
        raise Unready(f"There is a v{version} already: give the next release a number of its own.")
    if git("status", "--porcelain"):
        raise Unready(
            "Something here is not committed: commit or remove it, so that the tag names all that was checked."
        )
    return said


def git(*arguments: str) -> str:
    """What git says; ends the program with git's own words where it fails."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607 - the developer's own
    if done.returncode != 0:
        sys.exit(done.stderr.strip() or f"git {arguments[0]} failed")
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) == 2 else ""))
