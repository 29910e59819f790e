"""The program as it can run below libfaketime: `clocked.py words…` is `main.py words…`.

libfaketime works out anew how long a sleep is to be, and answers EINVAL where it is over by then, as a nap of the
server's often is; the system itself would return at once.
"""

import errno
import sys
import time
from pathlib import Path
from typing import SupportsIndex

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import main as program

COMMAND = (sys.executable, str(Path(__file__).resolve()))
_sleep = time.sleep


def sleep(seconds: float | SupportsIndex) -> None:
    """As `time.sleep`."""
    try:
        _sleep(seconds)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


if __name__ == "__main__":
    time.sleep = sleep
    raise SystemExit(program.main(sys.argv[1:]))
