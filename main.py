"""The program's entry: the one file that knows every package, and imports of them only what a command needs."""

import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from appliance import cycles, standard_streams

if TYPE_CHECKING:
    import click

    from appliance.server import Program
    from appliance.settings import Settings

Work = Callable[[], int]
"""What a step does once all it needs is imported; returns the exit code."""

# ruff: noqa: PLC0415 - imports stand inside functions here alone: a build child starts without the server's libraries


def main(argv: list[str] | None = None) -> int:
    """Run the program with these arguments (default: the process's own) and return its exit code."""
    standard_streams.fill()
    cycles.wait()  # until what is asked for has been imported
    arguments = sys.argv[1:] if argv is None else argv
    step, *words = arguments[1:] if arguments[:1] == ["internal"] else ["", *arguments]
    if step in INTERNAL:
        work = INTERNAL[step](*words)
        cycles.keep()
        return work()
    from appliance.cli.program import run

    return run(COMMANDS, arguments or ["open"])  # a double click gives no arguments


def _build_child(blobs: str, spares: str = "") -> Work:
    """`internal build BLOBS SPARES`: what the server starts to work on uploads, whose content goes to BLOBS."""
    from appliance.redaction import redact_text
    from appliance.storage.blobs import Blobs
    from appliance.storage.spares import Spares
    from builds import child
    from builds.presses import Presses
    from builds.priority import give_way

    ready = Spares.at(spares)
    stage = Blobs(Path(blobs), give_way, ready).stage
    return partial(child.main, stage, Presses([*_itself(), "internal", "press", spares]), redact_text, ready.fill)


def _press(spares: str = "") -> Work:
    """`internal press SPARES`: what a build child starts to have files optimised by."""
    from appliance.storage.spares import Spares
    from builds import press

    return partial(press.main, Spares.at(spares).files_in)


def _refinery(blobs: str) -> Work:
    """`internal refine BLOBS`: what the server starts to have better compressed forms made of what is stored."""
    from appliance.storage.blobs import Blobs
    from builds import refine

    return partial(refine.main, Blobs(Path(blobs)).stage)


def _clone_child() -> Work:
    """`internal clone`: what the server starts to fetch a repository."""
    from builds import clone_child

    return clone_child.main


def _keeper(*words: str) -> Work:
    """`internal keep …`: a process that a build's sandbox needs beside it."""
    from builds.sandbox import keeper

    return partial(keeper.main, *words)


def _within(*words: str) -> Work:
    """`internal listen-within …`: a process that a build's sandbox needs in it."""
    from builds.sandbox import within

    return partial(within.main, *words)


def _worker(channel: str, life_line: str) -> Work:
    """`internal worker CHANNEL LIFE_LINE`: what the server starts to answer visitors beside it, by two descriptors."""
    from appliance.workers import worker

    return partial(worker.main, int(channel), int(life_line))


def _background(file: str, *words: str) -> Work:
    """`internal background FILE COMMAND …`: for work behind everything else, by the server's settings file, if any."""
    from appliance.behind import step_back
    from appliance.cli import options
    from appliance.cli.program import run

    step_back()
    if file:
        options.read_from(Path(file))
    return partial(run, COMMANDS, words)


def _serve() -> "click.Command":
    from appliance.cli import server
    from appliance.server import run

    return server.command(lambda settings, file: run(settings, _program(settings, file)))


def _open() -> "click.Command":
    from appliance.cli import opening

    return opening.command(_open_here)


def _open_here(settings: "Settings", file: Path | None) -> int:
    from appliance.browser import has_display
    from appliance.cli import by_hand

    if not (has_display() and find_spec("webview")):
        return by_hand.serve(settings, _program(settings, file))
    from admin_ui.desktop import window

    with by_hand.refusals_as_failures():
        return window.run(settings, _program(settings, file))


def _program(settings: "Settings", file: Path | None) -> "Program":
    cycles.wait()  # until the server is prepared
    from admin_ui import blueprints
    from appliance.data_folder import DataFolder
    from appliance.server import Program

    folder = DataFolder(settings.data.absolute())
    steps = (["build", str(folder.blobs), str(folder.spares)], ["clone"], ["worker"], ["refine", str(folder.blobs)])
    build, clone, worker, refine = ([*_itself(), "internal", *step] for step in steps)
    return Program(blueprints, build, clone, worker, refine, [*_itself(), "internal", "background", str(file or "")])


def _patch() -> "click.Command":
    from appliance.cli.patch import patch

    return patch


def _itself() -> list[str]:
    """The command that starts this program again: the executable it was frozen into, or Python with this file."""
    frozen = getattr(sys, "frozen", False)
    return [sys.executable] if frozen else [sys.executable, str(Path(__file__).resolve())]


def _account() -> "click.Command":
    from appliance.cli.offline import account

    return account


def _token() -> "click.Command":
    from appliance.cli.offline import token

    return token


def _sign_in() -> "click.Command":
    from appliance.cli.offline import sign_in

    return sign_in


def _check() -> "click.Command":
    from admin_ui import findings
    from appliance.cli import check

    return check.command(findings)


def _retention() -> "click.Command":
    from appliance.cli.retention import retention

    return retention


def _plan() -> "click.Command":
    from appliance.cli.plan import plan

    return plan


def _usage() -> "click.Command":
    from appliance.cli.usage import usage

    return usage


def _sweep() -> "click.Command":
    from appliance.cli.sweeping import sweep

    return sweep


def _site() -> "click.Command":
    from appliance.cli.sites import site

    return site


def _deploy() -> "click.Command":
    from appliance.cli.deploy import deploy

    return deploy


def _deploys() -> "click.Command":
    from appliance.cli.sites import deploys

    return deploys


def _audit() -> "click.Command":
    from appliance.cli.audit import audit

    return audit


def _publish() -> "click.Command":
    from appliance.cli.sites import publish

    return publish


def _redeploy() -> "click.Command":
    from appliance.cli.redeploy import redeploy

    return redeploy


def _rollback() -> "click.Command":
    from appliance.cli.sites import rollback

    return rollback


def _alias() -> "click.Command":
    from appliance.cli.aliases import alias

    return alias


def _lock() -> "click.Command":
    from appliance.cli.aliases import lock

    return lock


def _unlock() -> "click.Command":
    from appliance.cli.aliases import unlock

    return unlock


def _versions(name: str) -> "click.Command":
    from appliance.cli import versions

    command: click.Command = getattr(versions, name)
    return command


def _logs() -> "click.Command":
    from appliance.cli.builds import logs

    return logs


def _answer() -> "click.Command":
    from appliance.cli.builds import answer

    return answer


def _cancel() -> "click.Command":
    from appliance.cli.builds import cancel

    return cancel


def _explain() -> "click.Command":
    from appliance.cli.explain import explain

    return explain


def _health() -> "click.Command":
    from appliance.cli.health import health

    return health


def _service() -> "click.Command":
    from appliance.cli import service

    return service.command(_itself())


def _git() -> "click.Command":
    from appliance.cli.git import git

    return git


def _update() -> "click.Command":
    from appliance.cli import update

    return update.command(Path(sys.executable) if getattr(sys, "frozen", False) else None)


def _backup() -> "click.Command":
    from appliance.cli.safekeeping import backup

    return backup


def _restore() -> "click.Command":
    from appliance.cli.safekeeping import restore

    return restore


def _verify() -> "click.Command":
    from appliance.cli.safekeeping import verify

    return verify


def _version() -> "click.Command":
    from appliance.cli.program import version

    return version


INTERNAL: dict[str, Callable[..., Work]] = {
    "background": _background,
    "build": _build_child,
    "clone": _clone_child,
    "keep": _keeper,
    "listen-within": _within,
    "press": _press,
    "refine": _refinery,
    "worker": _worker,
}
COMMANDS: dict[str, tuple[str, Callable[[], "click.Command"]]] = {
    "open": ("Open the admin, signed in; start the server where none runs.", _open),
    "serve": ("Run the server.", _serve),
    "deploy": ("Publish a folder, a .zip, a .tar, or a single file.", _deploy),
    "patch": ("Add, replace or take out a few files of a site.", _patch),
    "site": ("Create, list, change, delete and restore sites.", _site),
    "deploys": ("List a site's deploys, newest first.", _deploys),
    "logs": ("Print the log of a deploy.", _logs),
    "answer": ("Say how a deploy that asks is to be built.", _answer),
    "cancel": ("Call off a deploy that is under way.", _cancel),
    "publish": ("Make a deploy live, by its number or id.", _publish),
    "redeploy": ("Deploy the files of an earlier deploy again.", _redeploy),
    "rollback": ("Make the deploy live that was so before.", _rollback),
    "alias": ("Set, list and remove aliases, such as staging.", _alias),
    "lock": ("Keep what visitors get as it is.", _lock),
    "unlock": ("Let what visitors get change again.", _unlock),
    "diff": ("Say what differs between two deploys.", partial(_versions, "diff")),
    "download": ("Download a deploy as a ZIP.", partial(_versions, "download")),
    "delete": ("Delete a deploy, by its number or id.", partial(_versions, "delete")),
    "git": ("Deploy sites from Git repositories.", _git),
    "audit": ("Say who changed what, newest first.", _audit),
    "explain": ("Say why an address is answered as it is.", _explain),
    "account": ("Make accounts, and give them plans.", _account),
    "token": ("Make tokens for scripts.", _token),
    "sign-in": ("Print a link that signs in once, without a password.", _sign_in),
    "check": ("Show the settings, and say what keeps a server from starting.", _check),
    "backup": ("Back up the data directory, while the server runs or not.", _backup),
    "restore": ("Restore a backup into a new or empty data directory.", _restore),
    "verify": ("Check every stored byte, while the server runs or not.", _verify),
    "usage": ("Say what a site takes of the disk, or all that one owns.", _usage),
    "plan": ("Say which plan one has, and what one uses of it.", _plan),
    "retention": ("Say which deploys the rules on keeping them would delete.", _retention),
    "sweep": ("Free the disk of content that no deploy has any more.", _sweep),
    "health": ("Say whether the server is ready.", _health),
    "service": ("Run Dropdock as a service of this machine.", _service),
    "update": ("Bring this executable to the newest release.", _update),
    "version": ("Print the version.", _version),
}

if __name__ == "__main__":
    sys.exit(main())
