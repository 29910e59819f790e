"""The sandbox is chosen by what works, and what does not is named with what to do about it."""

import errno
import os
from pathlib import Path

import pytest

from builds.errors import BuildError
from builds.sandbox import scratch
from builds.sandbox.probe import probe
from builds.sandbox.process import Process
from builds.sandbox.proof import Unusable, prove
from builds.sandbox.refusals import failed
from builds.sandbox.values import Sandbox, Wishes


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nothing is installed."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.needs("bubblewrap")
def test_bubblewrap_is_taken_where_it_works() -> None:
    sandbox = probe(Wishes())

    assert (sandbox.name, sandbox.isolated) == ("bubblewrap", True)


@pytest.mark.needs("bubblewrap")
def test_the_layers_that_hold_a_build_are_named() -> None:
    about = probe(Wishes()).about

    assert ("seccomp" in about, "Landlock" in about) == (True, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is told so")
def test_no_build_becomes_root(no_tools: None) -> None:
    with pytest.raises(BuildError, match="run the server as an ordinary user"):
        probe(Wishes())


def test_a_plain_process_is_said_not_to_be_isolated() -> None:
    assert "not isolated" in Process(landlock=True).about


def test_what_does_not_isolate_can_be_forbidden(no_tools: None) -> None:
    with pytest.raises(BuildError, match="require_isolation"):
        probe(Wishes(require_isolation=True))


def test_what_is_missing_is_named_with_how_to_get_it(no_tools: None) -> None:
    with pytest.raises(BuildError, match=r"bwrap.* not found: install .*bubblewrap"):
        probe(Wishes(backend="bubblewrap"))


def test_a_sandbox_that_does_not_isolate_is_found_out() -> None:
    with pytest.raises(Unusable):
        prove(Pretending(Process(landlock=False)))


def test_a_sandbox_that_leaves_what_cannot_be_removed_is_of_no_use(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Path) -> None:
        raise failed(os.strerror(errno.EPERM))

    monkeypatch.setattr(scratch, "remove", refused)

    with pytest.raises(Unusable, match="Operation not permitted"):
        prove(Process(landlock=False))


class Pretending:
    """A sandbox that says it isolates, and does not."""

    name = "pretending"
    isolated = True
    about = "Builds are isolated."

    def __init__(self, really: Sandbox) -> None:
        self.run = really.run
