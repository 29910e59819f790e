"""What closing the window leads to."""

import threading
from collections.abc import Callable

import pytest

from admin_ui.desktop import closing
from admin_ui.desktop.closing import Answer, Closing

SOON = 30.0


class Screenplay:
    """Counts what is done, and lets a test wait for it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self._moved = threading.Condition()
        self.closing = Closing(*(self._act(name) for name in ("ask", "hide", "end")))

    def _act(self, name: str) -> Callable[[], None]:
        def act() -> None:
            with self._moved:
                self.done.append(name)
                self._moved.notify_all()

        return act

    def wait_for(self, *done: str) -> None:
        with self._moved:
            assert self._moved.wait_for(lambda: self.done == list(done), SOON), self.done


@pytest.fixture
def play() -> Screenplay:
    return Screenplay()


def test_a_window_is_not_closed_before_its_owner_has_answered(play: Screenplay) -> None:
    assert not play.closing.wanted()
    play.wait_for("ask")


def test_who_closes_twice_is_asked_once(play: Screenplay) -> None:
    play.closing.wanted()
    play.closing.wanted()
    play.closing.answered("keep")

    play.wait_for("ask", "hide")


@pytest.mark.parametrize(("answer", "then"), [("keep", "hide"), ("stop", "end")])
def test_the_answer_is_what_happens(play: Screenplay, answer: Answer, then: str) -> None:
    play.closing.wanted()
    play.wait_for("ask")

    play.closing.answered(answer)

    play.wait_for("ask", then)


def test_who_stays_is_asked_again_the_next_time(play: Screenplay) -> None:
    play.closing.wanted()
    play.wait_for("ask")
    play.closing.answered("stay")

    assert not play.closing.wanted()
    play.wait_for("ask", "ask")


def test_an_answer_to_no_question_changes_nothing(play: Screenplay) -> None:
    play.closing.answered("stop")

    assert not play.closing.wanted()
    play.wait_for("ask")


def test_once_it_ends_windows_close_without_a_question(play: Screenplay) -> None:
    play.closing.end()
    play.closing.end()

    assert play.closing.wanted()
    play.wait_for("end")


def test_a_window_that_closes_needs_no_other_end() -> None:
    left, otherwise = threading.Event(), threading.Event()

    closing.leave(left.set, left, otherwise.set)

    assert not otherwise.is_set()


def test_a_window_that_hangs_does_not_keep_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "LEAVE_SECONDS", 0.01)
    asked, otherwise = threading.Event(), threading.Event()

    closing.leave(asked.set, threading.Event(), otherwise.set)

    assert asked.is_set()
    assert otherwise.is_set()
