"""One real server and one installed client for the tests of a module."""

from collections.abc import Iterator

import pytest

from tests.clients.ground import Host, host


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with host(tmp_path_factory.mktemp("clients") / "data") as made:
        yield made
