"""The single executable, made once for all tests that run it."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`dist/dropdock`, fresh; PyInstaller looks only at what has changed since the last time.

    A copy, for another process of tests may make it anew while it is run here.
    """
    copy = tmp_path_factory.mktemp("dist") / "dropdock"
    (ROOT / "dist").mkdir(exist_ok=True)
    with (ROOT / "dist" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = subprocess.run(
            ["make", "executable"], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
        )
        assert made.returncode == 0, made.stdout + made.stderr
        shutil.copy(ROOT / "dist" / "dropdock", copy)
    return copy
