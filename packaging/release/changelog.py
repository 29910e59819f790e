"""What CHANGELOG.md says of a version; run as a program, `changelog.py VERSION` prints it: the notes of a release."""

import re
import sys
from pathlib import Path

CHANGELOG = Path("CHANGELOG.md")  # from the project's folder, where all of this runs
HEADING = re.compile(r"^## (\d+\.\d+\.\d+)\b.*$", re.MULTILINE)


class NotThere(Exception):
    """The changelog says nothing of a version; `str()` is a sentence that says what to do."""


def newest(text: str) -> str:
    """The version in the first heading. Raises NotThere."""
    found = HEADING.search(text)
    if found is None:
        raise NotThere("CHANGELOG.md has no heading with a version: begin it with “## 1.2.3 — what it is about”.")
    return found[1]


def notes(text: str, version: str) -> str:
    """What stands below the heading of a version, in Markdown. Raises NotThere."""
    parts = HEADING.split(text)[1:]  # version, what follows, version, …
    said = dict(zip(parts[::2], parts[1::2], strict=True)).get(version, "").strip()
    if not said:
        raise NotThere(f"CHANGELOG.md says nothing of {version}: write what changes under “## {version} — …” first.")
    return said


if __name__ == "__main__":
    try:
        print(notes(CHANGELOG.read_text(encoding="utf-8"), sys.argv[1]))
    except NotThere as missing:
        sys.exit(str(missing))
