"""`account`, `token`, `sign-in`: what works on the data directory itself, with or without a server on it."""

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import click
from tortoise.exceptions import OperationalError

from appliance import accounts, db, logs, presence, sign_in_links, strangers, tokens
from appliance.access import Access
from appliance.accounts import COMMAND_LINE, ROLES, ChangeAccount, NewAccount
from appliance.actor import RIGHTS, Right
from appliance.cli import options
from appliance.cli.output import Failure, show, tell
from appliance.data_folder import DataFolder, Unusable, secret_key
from appliance.settings import Settings

MADE_PASSWORD = 20  # characters of the 64 that are safe in URLs: 120 bits

Result = TypeVar("Result")


@click.group()
def account() -> None:
    """Make accounts, and give them plans."""


@account.command("create")
@click.option("--email", required=True, help="Who signs in.")
@click.option("--role", required=True, type=click.Choice(ROLES), help="The first account must be an operator.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@options.config
@options.data
def create_account(email: str, role: str, password_stdin: bool, config: Path | None, data: Path | None) -> None:
    """Make an account.

    Asks for the password on a terminal; elsewhere, without --password-stdin, one is made and printed.
    """
    settings = options.settings(config, {"data": data})
    given = _given_password(from_stdin=password_stdin)
    password = given or _made_password(settings.password_length)
    is_new = not DataFolder(settings.data).database.exists()
    made = with_database(settings, lambda access: accounts.create(access, None, NewAccount(email, role, password)))
    show(f"{made.email} is now an account in the role {made.role}.")
    if given is None:
        show(f"password: {password}")
    if is_new:
        where = settings.data.absolute()
        tell(f"{where} is a new data directory: start the server on it, or name the server's with --data.")


@account.command("plan")
@click.option("--email", required=True, help="Whose plan it is.")
@click.option("--plan", required=True, help='One of those in the settings; "" for the usual one.')
@options.config
@options.data
def set_plan(email: str, plan: str, config: Path | None, data: Path | None) -> None:
    """Give an account a plan."""
    settings = options.settings(config, {"data": data})

    async def give(access: Access) -> str:
        found = await accounts.by_email(email)
        return (await accounts.change(access, COMMAND_LINE, found.id, ChangeAccount(plan=plan))).email

    changed = with_database(settings, give)
    show(f"{changed} has the plan {plan} now." if plan else f"{changed} has the usual plan now.")


@click.group()
def token() -> None:
    """Make tokens for scripts."""


@token.command("create")
@click.option("--account", "email", required=True, help="E-mail of the account the token acts for.")
@click.option("--name", required=True, help="What the token is for.")
@click.option("--right", type=click.Choice(RIGHTS), default="all", show_default=True, help="What it may do.")
@click.option("--site", default="", help="The only site it is for.")
@options.config
@options.data
def create_token(email: str, name: str, right: Right, site: str, config: Path | None, data: Path | None) -> None:
    """Make a token and print it, alone on its line.

    It cannot be shown again.
    """
    settings = options.settings(config, {"data": data})
    if not DataFolder(settings.data).database.exists():
        raise Failure(f"There are no accounts in {settings.data}: name the server's data directory with --data.")

    async def create(_: Access) -> str:
        actor = replace(await accounts.by_email(email), via=COMMAND_LINE.via)
        return (await tokens.create(actor, name, right, site)).token

    show(with_database(settings, create))


@click.command("sign-in")
@click.option("--account", "email", default="", help="E-mail of the account.  [default: the first operator]")
@options.config
@options.data
def sign_in(email: str, config: Path | None, data: Path | None) -> None:
    """Print a link that signs in once, without a password.

    It is good for five minutes, at the server that runs on the data directory.
    """
    settings = options.settings(config, {"data": data})
    running = presence.find(DataFolder(settings.data))
    if running is None:
        raise Failure(f"No server listens that uses {settings.data}: start it first.")
    token = with_database(settings, lambda access: sign_in_links.make(access, email.lower()))
    show(sign_in_links.link_to(running.url, token))


def _given_password(*, from_stdin: bool) -> str | None:
    """The password that a person or script gives, or None when one is to be made."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise Failure("There is no password on standard input: send one, with a line end after it.")
        return password
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True)
        return asked
    return None


def _made_password(at_least: int) -> str:
    length = max(MADE_PASSWORD, at_least)
    return secrets.token_urlsafe(length)[:length]


def with_database(settings: Settings, work: Callable[[Access], Awaitable[Result]]) -> Result:
    """Do something with the data directory's database open. Raises Failure when one of both cannot be used."""
    logs.configure(replace(settings, log_level="warning"))  # on stderr; stdout holds nothing but the result

    async def opened() -> Result:
        folder = DataFolder(settings.data)
        strangers.refuse(folder)
        folder.create()
        access = Access.of(settings, secret_key(folder, settings.secret_key))
        async with await db.open(folder):
            return await work(access)

    try:
        return asyncio.run(opened())
    except Unusable as error:
        raise Failure(str(error)) from None
    except OperationalError as error:
        database = DataFolder(settings.data).database
        raise Failure(
            f"{database} cannot be used, and nothing was changed: {error}. Mend that, then try again."
        ) from None
