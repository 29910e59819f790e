"""Tables, sizes and the progress line."""

import io

import pytest

from appliance.cli.output import Progress, counted, show_table, size, warn


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    @property
    def screen(self) -> str:
        """What the line shows now."""
        return self.getvalue().rsplit("\r", 1)[-1].rstrip()


def test_columns_are_as_wide_as_their_widest_cell(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("A", "LONG"), [("wide cell", None), ("b", True), ("c", "")])

    assert capsys.readouterr().out == "A          LONG\nwide cell  -\nb          yes\nc          -\n"


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_999, "1.0 MB"),
        (1_234_567, "1.2 MB"),
        (2 * 10**9, "2.0 GB"),
        (5 * 10**12, "5.0 TB"),
    ],
)
def test_sizes_are_for_people(count: int, shown: str) -> None:
    assert size(count) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 files are"), (1, "1 file is"), (2, "2 files are"), (1200, "1,200 files are")]
)
def test_one_is_not_many(count: int, shown: str) -> None:
    assert counted(count, "file is", "files are") == shown
    assert counted(count, "file") == shown.rpartition(" ")[0]


def test_a_place_that_the_message_names_is_not_said_twice(capsys: pytest.CaptureFixture[str]) -> None:
    warn({"message": "Left out: a.txt and 2 more.", "path": "a.txt", "line": None, "count": 1})

    assert capsys.readouterr().err == "warning: Left out: a.txt and 2 more.\n"


def test_what_was_done_for_the_author_is_no_warning(capsys: pytest.CaptureFixture[str]) -> None:
    warn({"code": "shown", "message": "A page was made to show “a.pdf”.", "path": "a.pdf"})

    assert capsys.readouterr().err == "note: A page was made to show “a.pdf”.\n"


def test_what_somebody_else_wrote_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("MESSAGE",), [("red \x1b[31m\x9b2J\nnext line",)])
    warn({"message": "Left out: \x1b]0;title\x07", "path": None})

    shown = capsys.readouterr()
    assert (
        shown.out
        == "MESSAGE\nred \N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}2J\N{REPLACEMENT CHARACTER}next line\n"
    )
    assert shown.err == "warning: Left out: \N{REPLACEMENT CHARACTER}]0;title\N{REPLACEMENT CHARACTER}\n"


def test_the_bar_grows_and_goes_away() -> None:
    terminal = Terminal()
    clock = iter(range(100))
    progress = Progress(terminal, lambda: next(clock))

    progress.step("send", 0, 10)
    progress.step("send", 5, 10)
    half = terminal.screen
    progress.step("check", 0, 0)
    unknown = terminal.screen
    progress.clear()

    assert half == "send     [###############---------------]  50%"
    assert unknown == "check    ..."
    assert terminal.screen == ""


def test_a_step_of_one_thing_has_no_bar() -> None:
    terminal = Terminal()
    progress = Progress(terminal, lambda: 0.0)

    progress.step("build", 0, 1)

    assert terminal.screen == "build    ..."


def test_a_tab_is_so_many_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    warn({"message": "a\tb", "path": None})

    assert capsys.readouterr().err == "warning: a       b\n"


def test_the_line_is_not_drawn_more_often_than_people_can_see() -> None:
    terminal = Terminal()
    progress = Progress(terminal, lambda: 0.0)

    for done in range(1000):
        progress.step("send", done, 1000)
    progress.step("send", 1000, 1000)

    assert terminal.getvalue().count("\r") == 2
    assert "100%" in terminal.screen


def test_there_is_no_progress_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()

    progress.step("send", 5, 10)
    progress.clear()

    assert capsys.readouterr().err == ""
