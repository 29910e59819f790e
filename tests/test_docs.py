"""What is written for people agrees with the program: version, settings, commands, locks."""

import dataclasses
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from appliance.settings import Settings
from appliance.version import VERSION
from main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = {
    "requirements.txt": "",
    "requirements-dev.txt": "dev",
    "requirements-desktop.txt": "desktop",
    "requirements-portable.txt": "portable",
}
LOCKS = tuple(EXTRAS)
SETTINGS = dataclasses.fields(Settings)


def test_the_changelog_begins_with_this_version() -> None:
    heading = next(line for line in read("CHANGELOG.md").splitlines() if line.startswith("## "))

    assert heading.split()[1] == VERSION


def test_the_readme_stays_short() -> None:
    assert len(read("README.md").splitlines()) <= 120


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_its_hashes(lock: str) -> None:
    entries = locked(lock)

    assert len(entries) > 10
    assert {name for name, entry in entries.items() if "--hash=sha256:" not in entry} == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_does_not_say_where_packages_come_from(lock: str) -> None:
    lines = [line for line in read(lock).splitlines() if not line.lstrip().startswith("#")]

    assert [line for line in lines if re.search(r"://|^\s*--(?!hash=)|^\s*-[a-z]\b", line)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_every_dependency_of_the_project(lock: str) -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"].get(EXTRAS[lock], [])

    names = {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in wanted}
    assert names - locked(lock).keys() == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_lock_has_the_versions_that_are_shipped(lock: str) -> None:
    runtime, other = ({name: entry.split()[0] for name, entry in locked(each).items()} for each in (LOCKS[0], lock))

    assert {name: other.get(name) for name in runtime} == runtime


def test_every_setting_is_in_the_help_with_its_default() -> None:
    lines = help_text().splitlines()

    assert [field.name for field in SETTINGS if not any(explains(line, field.name) for line in lines)] == []


def test_every_promise_names_tests_that_there_are() -> None:
    promises = read("admin_ui/help/promises.md").split("\n## ")[1:]

    assert len(promises) == 5
    for promise in promises:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", promise)
        assert named, promise
        assert [test for file, test in named if f"def {test}(" not in read(file)] == []


def explains(line: str, setting: str) -> bool:
    """Whether a line of the help has the setting and, where it is one that can be written, its default."""
    default = next(field.metadata["default"] for field in SETTINGS if field.name == setting)
    return f"`{setting}`" in line and (default in {None, ""} or f"`{default}`" in line)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with the words that call it."""
    for name, (_, load) in COMMANDS.items():
        command = load()
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", deeper) for inner, deeper in command.commands.items())
        else:
            yield name, command


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_its_options_are_in_the_help(name: str) -> None:
    ours = [(words, command) for words, command in commands() if words.split()[0] == name]
    options = {
        option
        for _, command in ours
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if option.startswith("--")
    }

    text = help_text()

    assert [words for words, _ in ours if f"dropdock {words}" not in text] == []
    assert {option for option in options if option not in text} == set()


def help_text() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "admin_ui/help").glob("*.md")))


def locked(lock: str) -> dict[str, str]:
    """Package name → its whole entry, hashes included."""
    entries = re.split(r"\n(?=\w)", read(lock))
    return {entry.split("==")[0]: entry for entry in entries if "==" in entry}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")
