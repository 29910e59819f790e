"""How this program starts itself again, for the steps that take a process of their own."""

import sys
from pathlib import Path

MAIN = Path(__file__).resolve().parent.parent.parent / "main.py"


def internal(*words: str) -> list[str]:
    """The command line of `internal …`: of the single executable, or of Python with this program's entry."""
    beginning = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-E", "-s", str(MAIN)]
    return [*beginning, "internal", *words]
