"""Deploying a source: the question, its answer, the log, and the exit codes, against a real HTTP server."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.double import Double


def offer(generator: str, title: str, base: str = "") -> dict[str, Any]:
    commands = [f"{generator} build"] if generator != "static" else []
    return {"generator": generator, "title": title, "base": base, "why": "", "commands": commands, "output": []}


UNSURE = {
    "why": "hugo.toml is here, and docs/ has a mkdocs.yml.",
    "offers": [offer("hugo", "Hugo"), offer("mkdocs", "MkDocs", "docs"), offer("static", "Plain static files")],
}
LOG = [
    {"at": "2026-11-26T00:00:01Z", "text": "$ hugo build", "step": "build"},
    {"at": "2026-11-26T00:00:02Z", "text": "42 pages\x1b[2J", "step": "build"},
]


class Person(io.StringIO):
    """Somebody at a terminal, who types this."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def source(tmp_path: Path, double: Double) -> Path:
    double.add_site("notes")
    made = tmp_path / "notes"
    made.mkdir()
    (made / "hugo.toml").write_text("")
    return made


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1\n", {"generator": "hugo", "base": ""}),
        ("\n", {"generator": "hugo", "base": ""}),
        ("7\nno\n2\n", {"generator": "mkdocs", "base": "docs"}),
        ("0\n", {"generator": "static"}),
    ],
)
def test_when_unsure_it_asks_and_goes_on_with_the_answer(
    run: Run, double: Double, source: Path, typed: str, said: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    double.question = UNSURE
    monkeypatch.setattr(sys, "stdin", Person(typed))

    outcome = run("deploy", source, "--site", "notes")

    assert (outcome.code, outcome.out) == (0, "http://notes.localhost:8080/\n")
    assert double.answers == [{**said, "remember": True}]
    shown = ("hugo.toml is here", "1  build it with Hugo", "2  build it with MkDocs in docs/", "0  publish the files")
    assert [text for text in shown if text not in outcome.err] == []


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_where_nobody_can_be_asked_it_ends_with_3_and_says_how_to_answer(
    run: Run, double: Double, source: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    double.question = UNSURE
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    outcome = run("deploy", source, "--site", "notes", *arguments)

    assert (outcome.code, double.answers) == (3, [])
    assert "dropdock answer d1 auto|none|hugo|mkdocs`" in outcome.out + outcome.err


def test_what_is_said_beforehand_is_sent_along(run: Run, double: Double, source: Path) -> None:
    run("deploy", source, "--site", "notes", "--build", "none")

    assert double.uploads[0]["query"]["build"] == "static"


def test_following_a_deploy_prints_its_log_beside_the_result(run: Run, double: Double, source: Path) -> None:
    double.log = LOG

    outcome = run("deploy", source, "--site", "notes", "--follow")

    assert (outcome.code, outcome.out) == (0, "http://notes.localhost:8080/\n")
    assert [line.split("  ", 1)[1] for line in outcome.err.splitlines()[:1]] == ["$ hugo build"]
    assert "42 pages" in outcome.err
    assert "\x1b" not in outcome.err


def test_a_log_can_be_read_and_followed(run: Run, double: Double, source: Path) -> None:
    double.add_deploy("notes", state="working", log=LOG[:1])
    double.log = LOG

    outcome = run("logs", "d1", "--follow")

    assert outcome.code == 0
    assert [line.partition("  ")[2].split("\N{REPLACEMENT CHARACTER}")[0] for line in outcome.out.splitlines()] == [
        "$ hugo build",
        "42 pages",
    ]


def test_a_log_for_programs_is_a_json_object_a_line(run: Run, double: Double, source: Path) -> None:
    double.add_deploy("notes", state="ready")
    double.log = LOG

    outcome = run("logs", "d1", "--json")

    assert [json.loads(line) for line in outcome.out.splitlines()] == LOG


def test_following_a_build_that_fails_ends_with_1_and_its_last_lines(run: Run, double: Double, source: Path) -> None:
    double.outcome = "failed"
    double.error = {"code": "build_failed", "detail": "Hugo ended with an error.", "lines": ["ERROR page not found"]}

    outcome = run("deploy", source, "--site", "notes")

    assert outcome.code == 1
    assert outcome.err.endswith("  ERROR page not found\nHugo ended with an error.\nAll of the log: dropdock logs d1\n")


def test_lines_that_were_followed_are_not_said_twice(run: Run, double: Double, source: Path) -> None:
    double.outcome, double.log = "failed", LOG
    double.error = {"code": "build_failed", "detail": "Hugo ended with an error.", "lines": ["$ hugo build"]}

    outcome = run("deploy", source, "--site", "notes", "--follow")

    assert outcome.code == 1
    assert outcome.err.count("$ hugo build") == 1
    assert outcome.err.endswith("\nHugo ended with an error.\n")


def test_a_deploy_is_answered_and_called_off_by_name(run: Run, double: Double, source: Path) -> None:
    double.add_deploy("notes", state="asking", detection=UNSURE)

    answered = run("answer", "d1", "none", "--once")
    called_off = run("cancel", "d1")
    too_late = run("cancel", double.add_deploy("notes", state="ready")["id"])

    assert double.answers == [{"generator": "static", "remember": False}]
    assert [outcome.code for outcome in (answered, called_off, too_late)] == [0, 0, 1]
    assert "cannot be called off" in too_late.err
