"""What a person writes as a build's command and flags: what is taken, what is refused, by name and with what may be."""

import pytest

from appliance.build_words import command_of, flags_of
from appliance.errors import BadInput

COMMANDS = ("hugo", "npm run")
FLAGS = ("--minify", "--environment", "-v")


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        ("", ()),
        ("hugo", ("hugo",)),
        ("hugo --minify", ("hugo", "--minify")),
        ("hugo --environment 'a b'", ("hugo", "--environment", "a b")),
        ("hugo --environment $HOME", ("hugo", "--environment", "$HOME")),  # no shell: no variable
        ("npm run --environment=staging -v", ("npm", "run", "--environment=staging", "-v")),
    ],
)
def test_a_command_is_split_as_people_expect(text: str, argv: tuple[str, ...]) -> None:
    assert command_of(text, COMMANDS, FLAGS) == argv


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("make html", "command_refused"),
        ("/usr/bin/hugo", "command_refused"),
        ("HUGO_ENV=x hugo", "command_refused"),
        ("npm install", "command_refused"),
        ("hugo; id", "command_refused"),
        ("hugo && rm -rf /", "flag_refused"),
        ("hugo | tee log", "flag_refused"),
        ("hugo > log", "flag_refused"),
        ("hugo `id`", "flag_refused"),
        ("hugo $(id)", "flag_refused"),
        ("hugo --minify && id", "flag_refused"),
        ("hugo --minify=1 more", "flag_refused"),
        ("hugo\nid", "unreadable"),
        ("hugo 'open", "unreadable"),
        ("hugo " + "x" * 3000, "unreadable"),
    ],
)
def test_a_command_that_may_not_run_is_refused(text: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        command_of(text, COMMANDS, FLAGS)

    assert refused.value.code == code


def test_a_refused_command_is_named_with_what_is_allowed() -> None:
    with pytest.raises(BadInput, match=r"“make html” is not allowed .*build_commands.*: allowed are hugo, npm run\."):
        command_of("make html", COMMANDS, FLAGS)


@pytest.mark.parametrize(
    ("flags", "argv"),
    [
        ([], ()),
        (["--minify"], ("--minify",)),
        (["--environment=staging", "-v"], ("--environment=staging", "-v")),
        (["--environment 'a b'"], ("--environment", "a b")),
    ],
)
def test_flags_on_the_list_are_taken(flags: list[str], argv: tuple[str, ...]) -> None:
    assert flags_of(flags, FLAGS) == argv


@pytest.mark.parametrize(
    ("flag", "allowed", "named"),
    [
        ("--destination=/", FLAGS, "--destination"),
        ("--minify --config", FLAGS, "--config"),
        ("--minify", (), "--minify"),
        ("--", FLAGS, "--"),
        ("--minifyx", FLAGS, "--minifyx"),
        ("--MINIFY", FLAGS, "--MINIFY"),
    ],
)
def test_a_flag_off_the_list_is_refused_by_name(flag: str, allowed: tuple[str, ...], named: str) -> None:
    with pytest.raises(BadInput, match=f"The flag {named} is not allowed on this server") as refused:
        flags_of([flag], allowed)

    assert refused.value.code == "flag_refused"


@pytest.mark.parametrize("flag", ["deploy --minify", "minify", "", "--environment a b"])
def test_a_flag_is_a_flag_and_at_most_one_value(flag: str) -> None:
    with pytest.raises(BadInput, match="A flag is one flag"):
        flags_of([flag], FLAGS)
