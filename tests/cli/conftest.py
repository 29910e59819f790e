"""A server's double to talk to, and the program run in this process."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from main import main
from tests.cli.double import TOKEN, Double, served


@dataclass(frozen=True)
class Outcome:
    """What a run of the program left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("CONFIG", "SERVER", "TOKEN", "DATA"):
        monkeypatch.delenv(f"DROPDOCK_{name}", raising=False)


@pytest.fixture
def site_name(request: pytest.FixtureRequest) -> str:
    """A name for a site of this test's own, on a server that other tests use, too."""
    return f"shop-{abs(hash(request.node.name)) % 10**8}"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> Outcome:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    """A server that DROPDOCK_SERVER and DROPDOCK_TOKEN lead to."""
    made = Double()
    with served(made) as url:
        made.url = url
        monkeypatch.setenv("DROPDOCK_SERVER", url)
        monkeypatch.setenv("DROPDOCK_TOKEN", TOKEN)
        yield made
