"""The single executable, made once for all tests that run it."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def executable() -> Path:
    """`dist/dropdock`, fresh; PyInstaller looks only at what has changed since the last time."""
    made = subprocess.run(["make", "executable"], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return ROOT / "dist" / "dropdock"
