"""What a person writes as a build command, as flags and as a folder: what is taken, what is refused and why."""

import pytest

from builds.commands import allowed_command, allowed_flags, inside
from builds.errors import BuildError

COMMANDS = ("hugo", "npm")
FLAGS = ("--minify", "--environment", "-v")


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        ("", ()),
        ("hugo --minify", ("hugo", "--minify")),
        ("npm run 'my build' -- --flag=\"a b\"", ("npm", "run", "my build", "--", "--flag=a b")),
        ("hugo -d $HOME", ("hugo", "-d", "$HOME")),  # no shell: no variable
    ],
)
def test_a_command_is_split_as_people_expect(text: str, argv: tuple[str, ...]) -> None:
    assert allowed_command(text, COMMANDS) == argv


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("make html", "command_not_allowed"),
        ("/usr/bin/hugo", "command_not_allowed"),
        ("HUGO_ENV=x hugo", "command_not_allowed"),
        ("hugo && rm -rf /", "bad_command"),
        ("hugo; id", "bad_command"),
        ("hugo | tee log", "bad_command"),
        ("hugo > log", "bad_command"),
        ("hugo `id`", "bad_command"),
        ("hugo $(id)", "bad_command"),
        ("hugo\nid", "bad_command"),
        ("hugo 'open", "bad_command"),
        ("hugo " + "x" * 3000, "bad_command"),
    ],
)
def test_a_command_that_may_not_run_is_refused(text: str, code: str) -> None:
    with pytest.raises(BuildError) as refused:
        allowed_command(text, COMMANDS)

    assert refused.value.code == code


def test_a_refused_command_is_named_with_what_is_allowed() -> None:
    with pytest.raises(BuildError, match=r"“make” is not allowed .* The operator allows: hugo, npm\."):
        allowed_command("make html", COMMANDS)


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        ("", ()),
        ("--minify", ("--minify",)),
        ("--environment=staging -v", ("--environment=staging", "-v")),
        ("--environment 'a b'", ("--environment", "a b")),
    ],
)
def test_flags_on_the_list_are_taken(text: str, argv: tuple[str, ...]) -> None:
    assert allowed_flags(text, FLAGS) == argv


@pytest.mark.parametrize(
    ("text", "allowed", "named"),
    [
        ("--destination=/", FLAGS, "--destination"),
        ("--minify --config evil", FLAGS, "--config"),
        ("--minify", (), "--minify"),
        ("--", FLAGS, "--"),
        ("--minifyx", FLAGS, "--minifyx"),
        ("--MINIFY", FLAGS, "--MINIFY"),
    ],
)
def test_a_flag_off_the_list_is_refused_by_name(text: str, allowed: tuple[str, ...], named: str) -> None:
    with pytest.raises(BuildError, match=f"“{named}” is not allowed in a build flag") as refused:
        allowed_flags(text, allowed)

    assert refused.value.code == "flags_not_allowed"


def test_flags_begin_with_a_flag() -> None:
    with pytest.raises(BuildError) as refused:
        allowed_flags("deploy --minify", FLAGS)

    assert refused.value.code == "bad_flags"


@pytest.mark.parametrize(
    ("text", "folder"), [("", ""), (".", ""), ("./docs/", "docs"), ("a//b", "a/b"), ("a\\b", "a/b")]
)
def test_a_folder_is_written_in_many_ways(text: str, folder: str) -> None:
    assert inside(text, "output folder") == folder


@pytest.mark.parametrize("text", ["/etc", "../x", "a/../../x", "..", "a\x00b"])
def test_a_folder_does_not_lead_out(text: str) -> None:
    with pytest.raises(BuildError, match="output folder"):
        inside(text, "output folder")
