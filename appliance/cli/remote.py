"""The options that name a server and who asks, and the client they lead to."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

import click
import httpx

from appliance.cli.client import Client

DEFAULT_SERVER = "http://localhost:8080"

Arguments = ParamSpec("Arguments")


def remote(
    command: Callable[Concatenate[Client, Arguments], None],
) -> Callable[Arguments, None]:
    """Give a command the options `--server` and `--token`, and the client they make as its first argument."""

    @click.option(
        "--server", envvar="DROPDOCK_SERVER", default=DEFAULT_SERVER, show_default=True, callback=_server,
        help="Address of the server's admin.  [env: DROPDOCK_SERVER]",
    )  # fmt: skip
    @click.option("--token", envvar="DROPDOCK_TOKEN", callback=_token, help="Who asks.  [env: DROPDOCK_TOKEN]")
    @functools.wraps(command)
    def with_client(*args: Arguments.args, **options: Arguments.kwargs) -> None:
        token = options.pop("token")
        with Client(str(options.pop("server")), None if token is None else str(token)) as client:
            command(client, *args, **options)

    return with_client


def _server(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    text = value.strip() if "://" in value else f"http://{value.strip()}"
    if not _is_address(text):
        raise click.BadParameter(f"{value!r} is no address, such as {DEFAULT_SERVER}.")
    return text.removesuffix("/").removesuffix("/api/v1")


def _is_address(text: str) -> bool:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return False
    whole = bool(url.host) and not (url.query or url.fragment or " " in text)
    return whole and url.scheme in {"http", "https"}


def _token(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    token = (value or "").strip()
    if not token.isascii() or not (token.isprintable() and " " not in token):
        raise click.BadParameter("a token has only letters, digits and punctuation.")
    return token or None
