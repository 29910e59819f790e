"""Where the server is root, builds at the same time never share a user id."""

import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from builds.sandbox.uids import own_uid

ROOT = Path(__file__).resolve().parents[3]


def elsewhere(first: int, last: int) -> str:
    """What another process is given."""
    script = f"from builds.sandbox.uids import own_uid; print(own_uid({first}, {last}))"
    return subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, text=True).stdout


@pytest.mark.skipif(sys.platform != "linux", reason="what holds a user id is an abstract socket")
def test_another_process_gets_another_user_id_and_none_where_all_are_taken() -> None:
    ours = own_uid(64_800, 64_801)
    assert ours in {64_800, 64_801}

    assert elsewhere(64_800, 64_801) == f"{64_800 + 64_801 - ours}\n"
    assert elsewhere(ours, ours) == "None\n"


def test_no_build_gets_the_user_id_of_an_account() -> None:
    taken = max(entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid < 60_000)

    assert own_uid(taken, taken) is None
