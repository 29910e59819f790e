"""Flags and commands as sites write them, held against what the operator allows; argument vectors come out of it."""

import shlex
from collections.abc import Sequence

from appliance.errors import BadInput, Limit

LONGEST = 1_000  # characters of a flag or command

Argv = tuple[str, ...]


def flags_of(flags: Sequence[str], allowed: Sequence[str]) -> Argv:
    """The arguments these flags are; BadInput, naming it, for one whose leading token the operator did not allow."""
    return tuple(token for flag in flags for token in _flag(flag, allowed))


def command_of(command: str, commands: Sequence[str], flags: Sequence[str]) -> Argv:
    """The argument vector of a command; empty for none. BadInput unless it is one of `commands`, or that with flags."""
    tokens = _split(command, "command")
    for known in commands:
        beginning = tuple(known.split())
        if tokens and tokens[: len(beginning)] == beginning:
            return (*beginning, *_more(tokens[len(beginning) :], flags))
    if not tokens:
        return ()
    raise _refused(f"The command “{command}”", "command_refused", "build_commands", commands)


def _flag(flag: str, allowed: Sequence[str]) -> Argv:
    tokens = _split(flag, "flag")
    if not tokens or not tokens[0].startswith("-") or len(tokens) > 2:
        fault = "is one flag, such as --minify, --base=/docs or --base /docs"
        raise BadInput(f"A flag {fault}, not “{flag}”.", code="flag_refused", fields={"flags": fault})
    return _more(tokens, allowed)


def _more(tokens: Argv, allowed: Sequence[str]) -> Argv:
    """Flags, each followed by one value at most; a value that begins with a hyphen would be a flag to the program."""
    names = {name.partition("=")[0] for name in allowed}
    may_have_value = False
    for token in tokens:
        name, equals, _ = token.partition("=")
        if not name.startswith("-"):
            if not may_have_value:
                raise _refused(f"The argument “{token}”", "flag_refused", "build_flags", allowed)
            may_have_value = False
            continue
        if name not in names:
            raise _refused(f"The flag {name}", "flag_refused", "build_flags", allowed)
        may_have_value = not equals
    return tokens


def _split(text: str, kind: str) -> Argv:
    try:
        tokens = tuple(shlex.split(text))
    except ValueError:
        fault = "has a quotation mark that is not closed"
        raise BadInput(f"The {kind} “{text}” {fault}.", code="unreadable", fields={f"{kind}s": fault}) from None
    if len(text) > LONGEST or not text.isprintable():
        fault = f"has at most {LONGEST} printable characters"
        raise BadInput(f"A {kind} {fault}.", code="unreadable", fields={f"{kind}s": fault})
    return tokens


def _refused(what: str, code: str, setting: str, allowed: Sequence[str]) -> BadInput:
    these = f"allowed are {', '.join(allowed)}" if allowed else "none is allowed"
    detail = f"{what} is not allowed on this server ({setting}): {these}. Leave it out, or ask the operator."
    field = "command" if code == "command_refused" else "flags"
    return BadInput(
        detail, code=code, limit=Limit(setting, ", ".join(allowed)), fields={field: f"has {what[4:]}, not allowed"}
    )
