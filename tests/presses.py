"""Real presses for tests of what is made in them, one set for all: starting them takes longer than most work."""

import atexit
import functools
import sys
from pathlib import Path

from builds.presses import Presses

MAIN = Path(__file__).parents[1] / "main.py"  # as in tests.builders, which takes a second to import: children use this
COMMAND = [sys.executable, str(MAIN), "internal", "press"]


@functools.cache
def presses() -> Presses:
    """The presses of this run of tests."""
    made = Presses(COMMAND, count=2)
    atexit.register(made.close)
    return made
