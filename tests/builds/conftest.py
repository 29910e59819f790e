"""What the tests of the workshop share."""

from pathlib import Path

import pytest

from tests.builds.opening import Opener


@pytest.fixture
def opener(tmp_path: Path) -> Opener:
    return Opener(tmp_path)
