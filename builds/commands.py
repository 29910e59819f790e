"""Commands, flags and folders that a person writes into a site's settings: taken apart without a shell, and checked."""

import re
import shlex
from collections.abc import Collection
from typing import Never

from builds.errors import BuildError
from builds.projects.project import inner_folder
from builds.recipe import Argv
from builds.refusals import shown

LONGEST = 2000  # characters of a command or of all flags
SHELL = re.compile(r"[|;<>`\n\r\x00]|\$\(|&&?")


def allowed_command(text: str, allowed: Collection[str]) -> Argv:
    """A command as an argument vector, if its leading token is on the operator's list; empty for an empty text.

    Raises BuildError (`bad_command`, `command_not_allowed`) with what to change. `make && hugo` is refused: there is no
    shell to understand it, and an argument `&&` would help nobody.
    """
    argv = _split(text, "command")
    if argv and SHELL.search(text):
        _bad("command", "uses characters that only a shell understands; put the steps into a script of package.json")
    if argv and argv[0] not in allowed:
        _not_allowed("command", argv[0], allowed)
    return argv


def allowed_flags(text: str, allowed: Collection[str]) -> Argv:
    """Flags as arguments, if each is on the operator's list; `--flag=value` is checked as `--flag`.

    A word that begins with no dash is the value of the flag before it. Raises BuildError (`bad_flags`,
    `flags_not_allowed`) naming the first that is refused; an empty list allows none.
    """
    argv = _split(text, "flags")
    if argv and not argv[0].startswith("-"):
        _bad("flags", f"begin with “{shown(argv[0])}”, which is no flag")
    for word in argv:
        name = word.partition("=")[0]
        if word.startswith("-") and name not in allowed:
            _not_allowed("flags", name, allowed)
    return argv


def inside(text: str, what: str) -> str:
    """A folder of the upload as a person writes it, `./dist/` or `dist`; raises BuildError where it leads out of it."""
    folder = inner_folder(text)
    if not folder and text.strip() not in {"", ".", "./"}:
        raise BuildError(
            "bad_folder", f"The {what} “{shown(text)}” is no folder of the upload; write it like: docs/site"
        )
    return folder


def _split(text: str, what: str) -> Argv:
    if len(text) > LONGEST:
        _bad(what, f"is longer than {LONGEST} characters")
    try:
        return tuple(shlex.split(text))
    except ValueError:
        _bad(what, "has a quotation mark without its partner")


def _bad(what: str, reason: str) -> Never:
    raise BuildError(f"bad_{what}", f"The build {what} cannot be used: it {reason}.")


def _not_allowed(what: str, token: str, allowed: Collection[str]) -> Never:
    listed = ", ".join(sorted(allowed)) or "none"
    detail = f"“{shown(token)}” is not allowed in a build {what.removesuffix('s')}. The operator allows: {listed}."
    raise BuildError(f"{what}_not_allowed", detail, limit=None)
