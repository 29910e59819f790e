"""The environment of programs that are not this one, when this one is a single executable."""

import os


def environment() -> dict[str, str]:
    """What this process has, without what PyInstaller's loader has put in for itself.

    The loader has libraries looked for among those it has unpacked, and keeps the search path from before as `_ORIG`;
    the last line tells the loader of another executable that it is not a child of ours.
    """
    ours = dict(os.environ)
    before = ours.pop("LD_LIBRARY_PATH_ORIG", None)
    ours.pop("LD_LIBRARY_PATH", None)
    return ours | ({"LD_LIBRARY_PATH": before} if before else {}) | {"PYINSTALLER_RESET_ENVIRONMENT": "1"}
