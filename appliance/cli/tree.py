"""What of a folder is a site: its files in a fixed order, without junk and without links that lead out."""

import os
import re
import stat
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.cli.ignoring import IGNORE_FILE, Ignored, ignored_in
from appliance.cli.output import Failure

JUNK = {
    "__MACOSX",
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
}  # left behind by file managers; the server leaves it out too
APACHE = ".htaccess"  # who relied on it has to know; the server is never sent it, so it cannot tell them
OURS = frozenset({"_redirects", "_headers", "netlify.toml"})  # whoever brings one knows where rules are read from
KEEPS_OUT = re.compile(
    rb"^[ \t]*(?:AuthType[ \t]|AuthUserFile[ \t]|Deny[ \t]+from[ \t]|Require[ \t]+(?!all[ \t]+granted))",
    re.IGNORECASE | re.MULTILINE,
)  # https://httpd.apache.org/docs/2.4/mod/directives.html
MOST_READ = 256 * 1024  # bytes of Apache's rules; they have a few thousand
KEPT_DOT = ".well-known"  # RFC 8615: part of the site
SOURCE_DOTS = frozenset(
    {
        *(".nvmrc", ".node-version", ".python-version", ".ruby-version", ".tool-versions", ".yarnrc.yml"),
        *(".eleventy.js", ".eleventy.mjs", ".eleventy.cjs", ".eleventyignore", ".vitepress", ".vuepress"),
        *(".babelrc", ".babelrc.json", ".browserslistrc", ".postcssrc", ".postcssrc.json", ".swcrc"),
    }
)  # what builds read; others, such as .env and .npmrc, may hold secrets that have no business in an upload
NAMED = 3  # names shown of those left out; the rest is a number

IS_JUNK = "no part of a site"
FOR_APACHE = "Apache's rules, which have no effect here: redirects and headers are read from _redirects and _headers"
LEADS_OUT = "links that lead out of the folder"
CIRCLE = "links to a folder they are in"
BROKEN = "links that lead nowhere"
SPECIAL = "neither files nor folders"


Stamp = tuple[int, int, int, int]
"""What changes when a file does: its inode, its size, when it was modified and when changed, in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A file of the site: its path in the site (`/`-separated), where it is, its size in bytes.

    `stamp` is what it was when the folder was walked, None where that was not asked.
    """

    name: str
    path: Path
    size: int
    stamp: Stamp | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """The files, sorted by name, and what was left out, as problems in the API's form."""

    files: tuple[Leaf, ...]
    left_out: tuple[dict[str, Any], ...]


def walk(root: Path) -> Tree:
    """Find the files below a folder, but for what its `.dropdockignore` names.

    Raises Failure for what cannot be read or named; the folder is not changed.
    """
    found = _Walk(root.resolve(), ignored_in(root))
    found.enter(found.root, "", (found.root,))
    if any(leaf.name in OURS for leaf in found.files):
        found.pass_over_apache()
    files = tuple(sorted(found.files, key=lambda leaf: leaf.name))
    return Tree(files, tuple(_problem(reason, names) for reason, names in found.left_out.items()))


@dataclass(slots=True)
class _Walk:
    root: Path
    ignored: Ignored
    files: list[Leaf] = field(default_factory=list)
    left_out: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def enter(self, folder: Path, prefix: str, within: tuple[Path, ...]) -> None:
        """Take in a folder; `within` are the real folders on the way here, so that no link runs in a circle."""
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise _unreadable(folder, error) from None
        for entry in entries:
            name = prefix + entry.name
            if name == IGNORE_FILE or self.ignored(f"{name}/" if entry.is_dir(follow_symlinks=False) else name):
                continue  # its owner said so
            if entry.name == APACHE:
                self.left_out[FOR_APACHE].append(name)
            elif _is_junk(entry.name, top=not prefix):
                self.left_out[IS_JUNK].append(name)
            elif entry.is_symlink():
                self._follow(Path(entry.path), name, within)
            else:
                self._take(Path(entry.path), name, within)

    def pass_over_apache(self) -> None:
        """Its rules are no news, but for those that are meant to keep visitors out: here they keep out nobody."""
        names = self.left_out.pop(FOR_APACHE, [])
        if told := [name for name in names if _keeps_out(self.root / name)]:
            self.left_out[FOR_APACHE] = told
        if passed_over := [name for name in names if name not in told]:
            self.left_out[IS_JUNK] += passed_over

    def _follow(self, link: Path, name: str, within: tuple[Path, ...]) -> None:
        try:
            target = link.resolve(strict=True)
        except (OSError, RuntimeError):  # RuntimeError: a link that leads to itself, before Python 3.13
            self.left_out[BROKEN].append(name)
            return
        if not target.is_relative_to(self.root):
            self.left_out[LEADS_OUT].append(name)
        elif target in within:
            self.left_out[CIRCLE].append(name)
        else:
            self._take(target, name, within)

    def _take(self, path: Path, name: str, within: tuple[Path, ...]) -> None:
        try:
            status = path.stat()
        except OSError as error:
            raise _unreadable(path, error) from None
        if stat.S_ISDIR(status.st_mode):
            self.enter(path, name + "/", (*within, path))
        elif stat.S_ISREG(status.st_mode):
            stamp = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            self.files.append(Leaf(_utf8(name), path, status.st_size, stamp))
        else:
            self.left_out[SPECIAL].append(name)


def _keeps_out(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return KEEPS_OUT.search(file.read(MOST_READ)) is not None
    except OSError:
        return True  # who knows


def _is_junk(name: str, *, top: bool) -> bool:
    if name in JUNK or (name.startswith(".") and name != KEPT_DOT and name not in SOURCE_DOTS):
        return True
    return top and name == "node_modules"


def _utf8(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = name.encode(errors="surrogateescape").decode(errors="replace")
        raise Failure(f"The name of {shown} is not valid UTF-8: rename the file, then deploy again.") from None
    return name


def _unreadable(path: Path, error: OSError) -> Failure:
    return Failure(f"{path} cannot be read ({error.strerror}): make it readable, or move it out of the folder.")


def _problem(reason: str, names: list[str]) -> dict[str, Any]:
    shown = [name.encode(errors="surrogateescape").decode(errors="replace") for name in names[:NAMED]]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    message = f"Left out ({reason}): {', '.join(shown)}{more}."
    return {"code": "left_out", "message": message, "path": shown[0], "line": None, "count": len(names)}
