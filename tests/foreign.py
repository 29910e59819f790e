"""Files that belong to somebody else, for tests that root runs, too, who may use everything."""

import os
from pathlib import Path

import pytest


def foreign(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file, made where there is none, or a folder that this process may not use, as far as it asks."""
    path.touch()
    may = os.access
    monkeypatch.setattr(os, "access", lambda asked, mode: Path(asked) != path and may(asked, mode))
    return path
