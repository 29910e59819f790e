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
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], limits.connections, open_files.shortage(connections), sep="|")
"""


def said(soft: int, hard: int, connections: int) -> tuple[int, int, str]:
    """The limit, the door's connections and the shortage, in a process that was started with these limits."""
    arguments = [sys.executable, "-c", SAY, *map(str, (soft, hard, connections))]
    out = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    files, fit, shortage = out.rstrip("\n").split("|")
    return int(files), int(fit), shortage


def allowed(soft: int, hard: int, connections: int) -> tuple[int, int]:
    return said(soft, hard, connections)[:2]


def test_the_limit_is_raised_to_what_the_connections_need() -> None:
    assert allowed(soft=256, hard=3000, connections=1000) == (2512, 1000)


def test_a_limit_that_suffices_is_left_alone() -> None:
    assert allowed(soft=3000, hard=3000, connections=1000) == (3000, 1000)


def test_where_the_system_allows_no_more_there_are_fewer_connections() -> None:
    assert allowed(soft=256, hard=1024, connections=1000) == (1024, 256)
    assert allowed(soft=200, hard=200, connections=1000) == (200, 50)


def test_much_fewer_connections_than_were_set_are_told_with_the_limit_they_take() -> None:
    *_, shortage = said(soft=256, hard=1024, connections=1000)

    assert shortage.startswith("No more than 256 connections fit, of the 1,000 in the setting connections: ")
    assert "may have 1,024 files open. Raise that limit (ulimit -Hn) to 2,512" in shortage


def test_a_few_fewer_are_nobodys_concern() -> None:
    assert said(soft=256, hard=2000, connections=1000) == (2000, 744, "")
