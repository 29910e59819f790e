"""What a folder's owner does not want sent: `.dropdockignore`, in the words of `.gitignore`."""

from collections.abc import Callable
from pathlib import Path

import pathspec

from appliance.cli.output import Failure

IGNORE_FILE = ".dropdockignore"

Ignored = Callable[[str], bool]
"""Whether a path of the folder is left out; a folder's ends in a slash."""


def ignored_in(root: Path) -> Ignored:
    """What the folder's ignore file says; nothing is ignored where there is none. Raises Failure for a bad one."""
    path = root / IGNORE_FILE
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return lambda _: False
    except UnicodeDecodeError:
        raise Failure(f"{path} is not in UTF-8: save it so.") from None
    try:
        return pathspec.GitIgnoreSpec.from_lines(lines).match_file
    except ValueError as error:
        raise Failure(f"{path} cannot be understood: {error}.") from None
