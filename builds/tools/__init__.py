"""The programs that builds run with: found on the machine, or installed once and kept by version."""

from builds.tools.kit import Kit
from builds.tools.toolbox import Toolbox

__all__ = ["Kit", "Toolbox"]
