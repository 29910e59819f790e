"""The program, ended without warning at the step that KILLED_AT names, once the file that KILL_WHEN names is there.

Run instead of `main.py`: the step's name is `module:function` or `module:Class.method`.
"""

import functools
import importlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from main import main


def arm(step: str, when: Path) -> None:
    module, _, name = step.partition(":")
    *owner, last = name.split(".")
    place: Any = functools.reduce(getattr, owner, importlib.import_module(module))
    usual = getattr(place, last)

    @functools.wraps(usual)
    def killed(*arguments: Any, **options: Any) -> Any:
        if when.exists():
            when.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return usual(*arguments, **options)

    setattr(place, last, killed)


if __name__ == "__main__":
    arm(os.environ["KILLED_AT"], Path(os.environ["KILL_WHEN"]))
    raise SystemExit(main())
