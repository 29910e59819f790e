"""Writes THIRD_PARTY.md: what is shipped with Dropdock that others made, under which licence.

Names come from requirements.txt, licences from the installed packages themselves; `make lock` runs this.
"""

import re
import sys
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import cast

HERE = Path("THIRD_PARTY.md")  # from the project's folder, where this runs
LOCK = Path("requirements.txt")
PACKAGES = ("appliance", "builds", "admin_ui")
LONGEST = 60  # characters; what is longer is a licence's text, not its name
READ = {"huey": "MIT", "pyrage": "MIT"}  # whose metadata does not say it, or that is installed on other systems only
IN_THE_EXECUTABLE = (
    ("Python, with the libraries it is linked with", "PSF-2.0"),
    ("OpenSSL", "Apache-2.0"),
    ("SQLite", "blessing (public domain)"),
    ("PyInstaller's loader", "GPL-2.0-or-later with an exception for what it loads"),
)
INTRODUCTION = """\
Dropdock is under the MIT licence (LICENSE) and is shipped with the work of others, listed here with theirs. Versions
are in `requirements.txt`; a release's bill of materials has them too. This file is written by `make lock`."""
# What classifiers and older metadata say in many ways, in SPDX's one.
SPDX = {
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "mit license": "MIT",
    "the mit license (mit)": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}


def locked() -> list[str]:
    """The names of what the program needs, on any system."""
    return re.findall(r"^([a-z0-9][a-z0-9.-]*)==", LOCK.read_text(encoding="utf-8"), re.MULTILINE)


def licence(package: str) -> str:
    """The licence of a package by its own word, in SPDX's name where it has one. LookupError where it says nothing."""
    if package in READ:
        return READ[package]
    try:
        facts = cast("Message", metadata(package))
    except PackageNotFoundError:
        raise LookupError(f"{package} is not installed here: read its licence, and say it in READ") from None
    classified = [each.rpartition(" :: ")[2] for each in facts.get_all("Classifier", ()) if each.startswith("License")]
    words = [str(facts.get("License-Expression") or facts.get("License") or ""), *classified]
    for said in words:
        if said and said not in {"UNKNOWN", "OSI Approved"} and len(said) <= LONGEST and "\n" not in said:
            return SPDX.get(said.lower(), said)
    raise LookupError(f"{package} does not say its licence: read it, and say it in READ")


def vendored() -> list[tuple[str, str]]:
    """Folders of files that others made, each with its licence in it; its name is the first line that has one."""
    found = sorted(path for package in PACKAGES for path in Path(package).rglob("LICENSE"))
    return [(path.parent.as_posix(), _named(path.read_text(encoding="utf-8"))) for path in found]


def _named(text: str) -> str:
    title = " ".join(text.split()[:8]).lower()
    names = {"apache license version 2.0": "Apache-2.0", "mit license": "MIT", "bsd": "BSD-3-Clause"}
    return next(name for start, name in names.items() if start in title)


def page() -> str:
    """The whole file."""
    rows = [(package, licence(package)) for package in locked()]
    return "\n\n".join(
        [
            "# What others made",
            INTRODUCTION,
            "## Libraries",
            _table(rows),
            "## Files kept here",
            "Each folder holds its licence.",
            _table(vendored()),
            "## In the single executable, besides",
            _table(IN_THE_EXECUTABLE),
        ]
    )


def _table(rows: "list[tuple[str, str]] | tuple[tuple[str, str], ...]") -> str:
    return "\n".join(["| what | licence |", "| --- | --- |", *(f"| {what} | {terms} |" for what, terms in rows)])


if __name__ == "__main__":
    HERE.write_text(page() + "\n", encoding="utf-8")
    sys.exit(0)
