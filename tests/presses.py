"""Real presses for tests of what is made in them, one set for all: starting them takes longer than most work."""

import atexit
import functools
import sys

from builds.presses import Presses
from tests.builders import MAIN

COMMAND = [sys.executable, str(MAIN), "internal", "press"]


@functools.cache
def presses() -> Presses:
    """The presses of this run of tests."""
    made = Presses(COMMAND, count=2)
    atexit.register(made.close)
    return made
