"""The program as a whole: what it loads, and how each ending becomes an exit code."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

import main as entry
from appliance.cli.output import Failure
from appliance.cli.program import run as run_program
from appliance.errors import Invalid
from appliance.version import VERSION
from tests.cli.conftest import Run

MAIN = str(Path(entry.__file__))
HEAVY = ("quart", "tortoise", "httpx", "huey", "hypercorn")
SELDOM = ("httpcore", "markdown_it", "obstore", "pyrage")  # with them, a server would idle at more memory


def loaded(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after this code."""
    script = f"{code}\nimport sys; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=Path(MAIN).parent, input=""
    )
    return {name.partition(".")[0] for name in done.stdout.splitlines()}


def test_version_prints_it(run: Run) -> None:
    outcome = run("version")

    assert (outcome.code, outcome.out, outcome.err) == (0, f"dropdock {VERSION}\n", "")


def test_the_program_is_a_script_too() -> None:
    done = subprocess.run([sys.executable, MAIN, "version"], check=True, capture_output=True, text=True)

    assert done.stdout == f"dropdock {VERSION}\n"


@pytest.mark.parametrize("arguments", ["['version']", "['--help']"])
def test_version_and_help_load_nothing_heavy(arguments: str) -> None:
    assert loaded(f"import main; main.main({arguments})").isdisjoint(HEAVY)


def test_a_build_child_loads_neither_server_nor_command_line(tmp_path: Path) -> None:
    names = loaded(f"import main; main.main(['internal', 'build', {str(tmp_path)!r}])")

    assert names.isdisjoint({*HEAVY, "click"})


def test_a_server_starts_without_what_few_of_its_visitors_ask_for(tmp_path: Path) -> None:
    serving = f"settings = Settings(data=Path({str(tmp_path)!r})); main._serve(); main._program(settings, None)"

    names = loaded(f"import main; from pathlib import Path; from appliance.settings import Settings; {serving}")

    assert "quart" in names
    assert names.isdisjoint(SELDOM)


def test_help_names_every_command_with_its_own_sentence(run: Run) -> None:
    outcome = run("--help")

    assert outcome.code == 0
    for name, (about, load) in entry.COMMANDS.items():
        assert f"  {name} " in outcome.out
        assert (load().help or "").splitlines()[0] == about


@pytest.mark.parametrize(
    "group", [(), ("site",), ("site", "gate", "NAME"), ("git",), ("alias",), ("account",), ("token",)]
)
def test_no_sentence_in_a_list_of_commands_is_cut(run: Run, group: tuple[str, ...]) -> None:
    listed = run(*group, "--help").out.partition("Commands:")[2]

    assert listed
    assert [line for line in listed.splitlines() if line.endswith("...")] == []


def test_an_unknown_command_is_bad_usage_with_a_suggestion(run: Run) -> None:
    outcome = run("deplyo")

    assert outcome.code == 2
    assert "No such command 'deplyo'" in outcome.err
    assert "deploy" in outcome.err.splitlines()[-1].replace("'deplyo'", "")


def test_a_shell_can_complete_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in (("_DROPDOCK_COMPLETE", "zsh_complete"), ("COMP_WORDS", "dropdock dep"), ("COMP_CWORD", "1")):
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit):
        entry.main([])

    assert {"deploy", "deploys"} <= set(capsys.readouterr().out.splitlines())


def fail() -> None:
    raise Failure("Do this.")


def refuse() -> None:
    raise Invalid("No.", fields={"name": "is too long"})


def interrupt() -> None:
    raise KeyboardInterrupt


def stumble() -> None:
    raise PermissionError(13, "Permission denied", "/some/file")


def fill() -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("work", "code", "told"),
    [
        (lambda: None, 0, ""),
        (lambda: 7, 7, ""),
        (fail, 1, "Do this.\n"),
        (refuse, 1, "No. (name: is too long)\n"),
        (stumble, 1, "/some/file: Permission denied.\n"),
        (fill, 1, "there is no space left: free some and try again.\n"),
        (lambda: int("\udce9".encode()), 1, "A name or text given is not valid UTF-8, or the terminal is not"),
        (interrupt, 130, "\nInterrupted.\n"),
    ],
)
def test_every_ending_has_its_exit_code_and_sentence(
    work: Callable[[], int | None], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = click.Command("try", callback=work)

    ended = run_program({"try": ("Try.", lambda: command)}, ["try"])

    assert ended == code
    assert capsys.readouterr().err.startswith(told)


CLOSED = """
import os, sys
os.close(0), os.close(1)
import main
main.main(["version"])
sys.stderr.write(str(os.open(os.devnull, os.O_RDONLY)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="numbers of files are given out in another way there")
def test_streams_that_were_closed_are_no_other_files() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CLOSED], cwd=Path(MAIN).parent, capture_output=True, text=True, check=True
    )

    assert int(done.stderr) > 2
