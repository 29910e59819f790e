"""The program as a whole: commands that are loaded only when asked for, and an exit code for every ending."""

import errno
from collections.abc import Callable, Mapping, Sequence

import click

from appliance import cycles
from appliance.errors import Problem
from appliance.version import VERSION

NAME = "dropdock"
FAILED = 1
INTERRUPTED = 130  # 128 + SIGINT, as shells have it

Commands = Mapping[str, tuple[str, Callable[[], click.Command]]]
"""Name → (one sentence for the listing, what loads the command). The sentence is here so that help loads nothing."""


class Program(click.Group):
    """Loads a command's module only when that command is asked for: `version` does not pay for the database."""

    def __init__(self, commands: Commands) -> None:
        super().__init__(NAME, help="Drop a ZIP, a folder or a page, get a live site.")
        self.context_settings = {"help_option_names": ["-h", "--help"]}
        self.entries = commands

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order in which a newcomer needs them."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """The command of this name, loaded now; with it all is there that stays."""
        if cmd_name not in self.entries:
            raise click.NoSuchCommand(cmd_name, possibilities=self.entries, ctx=ctx)
        command = self.entries[cmd_name][1]()
        cycles.keep()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """The listing in the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (about, _) in self.entries.items()])


def run(commands: Commands, arguments: Sequence[str]) -> int:
    """Run one command; return its exit code: 0 done, 1 failed (a sentence on stderr), 2 bad usage, 130 interrupted.

    A kind of Failure may have one of its own.
    """
    try:
        result = Program(commands).main(list(arguments), prog_name=NAME, standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return error.exit_code
    except (click.ClickException, click.Abort, KeyboardInterrupt, Problem, OSError, UnicodeEncodeError) as error:
        message, code = _ending(error)
        click.echo(message, err=True)
        return code
    return result if isinstance(result, int) else 0


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"{NAME} {VERSION}")


def sentence(detail: str, fields: Mapping[str, str]) -> str:
    """A problem in one line: its sentence, then what is wrong with which field where that is not said already."""
    more = [f"{name}: {message}" for name, message in fields.items() if message not in detail]
    return f"{detail} ({'; '.join(more)})" if more else detail


def _ending(error: BaseException) -> tuple[str, int]:
    """The sentence and the exit code for what ended a command."""
    if isinstance(error, click.ClickException):
        return error.format_message(), error.exit_code
    if isinstance(error, Problem):
        return sentence(error.detail, error.fields), FAILED
    if isinstance(error, OSError):
        return _of_the_system(error), FAILED
    if isinstance(error, UnicodeEncodeError):
        return "A name or text given is not valid UTF-8, or the terminal is not set to UTF-8: change that.", FAILED
    return "Interrupted.", INTERRUPTED


def _of_the_system(error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.errno == errno.ENOSPC:
        reason = "there is no space left: free some and try again"
    return f"{error.filename}: {reason}." if error.filename else f"{reason}."
