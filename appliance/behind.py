"""Has a process go behind everything else on the machine, and end with the server that started it."""

import os
import threading

STDIN = 0
NICENESS = 10  # of at most 19: it goes on, slowly, also on a busy machine


def step_back() -> None:
    """Give way to others from now on, and end when standard input does: the server holds its other end."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    threading.Thread(target=_end_with_input, daemon=True).start()


def _end_with_input() -> None:
    while os.read(STDIN, 1):  # not `sys.stdin`, whose lock this would hold when the interpreter ends
        pass
    os._exit(1)  # what is half written is cleared away by the next one, as after a crash
