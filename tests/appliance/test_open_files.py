"""Connections never take the files that everything else needs."""

import subprocess
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("there is no such limit", allow_module_level=True)

SAY = """
import resource, sys
from pathlib import Path
from appliance import open_files
from appliance.ways_in import door_limits_of
from appliance.settings import Settings

soft, hard, connections = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
open_files.raise_limit(connections)
limits = door_limits_of(Settings(data=Path("d"), connections=connections))
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], limits.connections)
"""


def allowed(soft: int, hard: int, connections: int) -> tuple[int, int]:
    """The limit and the door's connections, in a process that was started with these limits."""
    arguments = [sys.executable, "-c", SAY, *map(str, (soft, hard, connections))]
    files, fit = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.split()
    return int(files), int(fit)


def test_the_limit_is_raised_to_what_the_connections_need() -> None:
    assert allowed(soft=256, hard=3000, connections=1000) == (2512, 1000)


def test_a_limit_that_suffices_is_left_alone() -> None:
    assert allowed(soft=3000, hard=3000, connections=1000) == (3000, 1000)


def test_where_the_system_allows_no_more_there_are_fewer_connections() -> None:
    assert allowed(soft=256, hard=1024, connections=1000) == (1024, 256)
    assert allowed(soft=200, hard=200, connections=1000) == (200, 50)
