"""A build's log: whole clean lines, bounded, and nothing that acts on whoever reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builds.log import AROUND, LAST, LONGEST_LINE, BuildLog, clean


class Reader:
    """Reads a log as it is told."""

    def __init__(self, *secrets: str, most: int = 1_000_000) -> None:
        self.told: list[tuple[str, str]] = []
        self.log = BuildLog(lambda step, line: self.told.append((step, line)), secrets, most)
        self.log.step("build")

    @property
    def lines(self) -> list[str]:
        return [line for _, line in self.told]


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=60), st.integers(1, 7))
def test_lines_are_the_same_in_whatever_pieces_they_come(text: str, size: int) -> None:
    printed = f"first {text}\nsecond\nthird".encode()
    reader = Reader()

    for start in range(0, len(printed), size):
        reader.log.output(printed[start : start + size])
    reader.log.finish()

    assert reader.lines == [f"first {text}", "second", "third"]


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("\x1b[1;32mgreen\x1b[0m", "green"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;cm0gLXJmIH4=\x07text", "text"),
        ("\x9d52;c;cm0gLXJmIH4=\x9ctext", "text"),
        ("\x9b31mred\x9b0m \x90q payload\x9cend", "red end"),
        ("10 %\r50 %\r100 %", "100 %"),
        ("a\x08b\x00c", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"),
        ("left\u202eright", "left\N{REPLACEMENT CHARACTER}right"),
        ("windows\r", "windows"),
        ("tab\tstays", "tab\tstays"),
    ],
)
def test_what_acts_on_a_terminal_is_gone(printed: str, shown: str) -> None:
    assert clean(printed) == shown


@given(st.text(max_size=200))
def test_no_cleaned_line_holds_a_control(text: str) -> None:
    assert not set(clean(text)) & {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160))}


def test_each_line_says_its_step() -> None:
    reader = Reader()
    reader.log.output(b"one\nunfinished")
    reader.log.step("fetch")
    reader.log.line("two")

    assert reader.told == [("build", "one"), ("build", "unfinished"), ("fetch", "two")]


def test_a_log_that_is_too_long_says_what_was_cut_and_how_it_ends() -> None:
    reader = Reader(most=1000)

    for number in range(1000):
        reader.log.line(f"line {number}")
    reader.log.finish()

    cut = next(line for line in reader.lines if line.startswith("…"))
    place = reader.lines.index(cut)
    assert sum(len(line) + AROUND for line in reader.lines[:place]) <= 1000
    assert "build_log = 1KB" in cut
    assert f"{1000 - place - LAST} lines" in cut
    assert reader.lines[place + 1 :] == [f"line {number}" for number in range(1000 - LAST, 1000)]


def test_a_flood_of_empty_lines_is_cut_too() -> None:
    reader = Reader(most=10_000)

    reader.log.output(b"\n" * 100_000)
    reader.log.finish()

    assert len(reader.lines) <= 10_000 / AROUND + 1 + LAST


def test_one_endless_line_takes_no_more_memory_than_a_long_one() -> None:
    reader = Reader()

    for _ in range(100):
        reader.log.output(b"x" * 10_000)
        assert len(reader.log._partial) <= LONGEST_LINE
    reader.log.finish()

    assert max(map(len, reader.lines)) <= LONGEST_LINE


def test_a_secret_in_two_pieces_of_output_is_hidden() -> None:
    reader = Reader("correct horse battery")

    reader.log.output(b"it is correct ho")
    reader.log.output(b"rse battery, yes\n")
    reader.log.finish()

    assert reader.lines == ["it is [redacted], yes"]


@pytest.mark.parametrize(
    "printed",
    [
        "correct \x1b[31mhorse\x1b[0m battery",
        "correct horse\x1b]8;;https://example.org\x1b\\ battery\x1b]8;;\x1b\\",
        "\x1b]8;;https://example.org/?q=correct horse battery\x07here\x1b]8;;\x07",
        "correct\x9b1m horse\x9dtitle\x9c battery",
        "\x1b]0;correct horse battery",
    ],
)
def test_a_secret_with_what_acts_on_a_terminal_in_it_is_hidden(printed: str) -> None:
    reader = Reader("correct horse battery")

    reader.log.output(f"it is {printed}\n".encode())
    reader.log.finish()

    assert "horse" not in "".join(reader.lines)
    assert reader.lines in (["it is [redacted]"], ["it is here"], ["it is "])


def test_a_secret_split_where_an_endless_line_is_cut_is_hidden() -> None:
    reader = Reader("correct horse battery")

    reader.log.output(b"x" * (LONGEST_LINE - 10) + b"correct horse battery" + b"y" * 10)
    reader.log.finish()

    assert "horse" not in "".join(reader.lines)
    assert "correct" not in "".join(reader.lines)


def test_the_last_lines_are_there_for_a_failure() -> None:
    reader = Reader()
    for number in range(50):
        reader.log.line(str(number))

    assert reader.log.recent() == tuple(str(number) for number in range(30, 50))


def test_lines_that_say_nothing_are_left_out_of_the_last_ones_only() -> None:
    reader = Reader()
    for line in ("npm error code EUSAGE", "", "npm error", "npm ERR! A complete log of this run can be found in: /x"):
        reader.log.line(line)

    assert reader.log.recent() == ("npm error code EUSAGE",)
    assert len(reader.lines) == 4
