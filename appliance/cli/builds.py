"""`answer`, `cancel` and `logs`: what can be said to a deploy under way, and what its build said."""

import json
from typing import Any

import click

from appliance.cli.client import Client, segment
from appliance.cli.output import Failure, moment, plain, show, tell
from appliance.cli.remote import remote
from appliance.cli.watch import FINAL, Deploy, Reader

UNANSWERED = 3  # exit code: the deploy waits for somebody to say what it is
NOTHING = "none"  # what people call it; the API calls it static
STATIC = "static"

ENDINGS = {"failed": "failed", "cancelled": "was called off", "superseded": "was superseded"}

deploy_id = click.argument("deploy", metavar="DEPLOY")


class Unanswered(Failure):
    """A deploy waits for an answer that nobody is here to give."""

    exit_code = UNANSWERED


@click.command()
@deploy_id
@click.argument("generator", metavar="auto|none|GENERATOR")
@click.option("--base", help="The folder of the upload that is built.")
@click.option("--once", is_flag=True, help="For this deploy only: ask again at the next one.")
@remote
def answer(client: Client, deploy: str, generator: str, base: str | None, once: bool) -> None:
    """Say how a deploy that asks is to be built.

    auto takes what it was taken for, none publishes it as it is.
    """
    facts = send_answer(client, deploy, generator, base, remember=not once)
    show(f"Deploy {facts['number']} of {facts['site']} goes on.")


@click.command()
@deploy_id
@remote
def cancel(client: Client, deploy: str) -> None:
    """Call off a deploy that is under way."""
    facts = client.send("POST", f"deploys/{segment(deploy)}/cancel")
    show(f"Deploy {facts['number']} of {facts['site']} is called off.")


@click.command()
@deploy_id
@click.option("--follow", is_flag=True, help="Go on until the deploy is finished.")
@click.option("--json", "as_json", is_flag=True, help="Print each line as JSON, with its time and step.")
@remote
def logs(client: Client, deploy: str, follow: bool, as_json: bool) -> None:
    """Print the log of a deploy."""
    reader = Reader(show_as_json if as_json else show_line)
    facts = client.get(f"deploys/{segment(deploy)}")
    reader.take(facts["log"])
    if follow and facts["state"] not in FINAL:
        facts = reader.follow(client, facts)
    if follow and facts["state"] != "ready":
        raise Failure(why(facts, read=True))


def send_answer(client: Client, deploy: str, generator: str, base: str | None, *, remember: bool = True) -> Deploy:
    """Answer a deploy that asks; the deploy as it is then."""
    said = {"generator": spelled(generator), "remember": remember} | ({} if base is None else {"base": base})
    facts: Deploy = client.send("POST", f"deploys/{segment(deploy)}/answer", said)
    return facts


def spelled(generator: str) -> str:
    """A generator as the API spells it."""
    return STATIC if generator == NOTHING else generator


def asked(client: Client, deploy: Deploy, *, interactive: bool) -> Deploy:
    """The deploy once its question is answered by the person at the terminal. Raises Unanswered where there is none."""
    detection = deploy["detection"]
    if not interactive:
        found = [offer["generator"] for offer in detection["offers"] if offer["generator"] != STATIC]
        names = "|".join(dict.fromkeys(["auto", NOTHING, *found]))
        raise Unanswered(
            f"Deploy {deploy['number']} of {deploy['site']} waits for an answer. {_sentence(plain(detection['why']))} "
            f"Say it with `dropdock answer {deploy['id']} {names}`, or beforehand with --build."
        )
    offer = _choose(detection)
    if offer is None:
        return send_answer(client, deploy["id"], NOTHING, None)
    return send_answer(client, deploy["id"], offer["generator"], offer["base"])


def why(deploy: Deploy, *, read: bool = False) -> str:
    """Why a deploy is not ready; with the last lines of its log, where that says more, unless all of it was read."""
    error = deploy["error"] or {}
    said = plain(error.get("detail") or f"Deploy {deploy['number']} {ENDINGS.get(deploy['state'], 'is not ready')}.")
    lines = [f"  {plain(line)}" for line in error.get("lines", ())]
    if read or not lines:
        return said
    return "\n".join([*lines, said, f"All of the log: dropdock logs {deploy['id']}"])


def show_line(line: dict[str, Any]) -> None:
    """A line of a log for people."""
    show(f"{moment(line['at'])[11:]}  {plain(line['text'])}")


def tell_line(line: dict[str, Any]) -> None:
    """The same on stderr, beside a result."""
    tell(f"{moment(line['at'])[11:]}  {plain(line['text'])}")


def show_as_json(line: dict[str, Any]) -> None:
    """A line of a log for programs."""
    show(json.dumps(line, ensure_ascii=False))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _choose(detection: dict[str, Any]) -> dict[str, Any] | None:
    """The offer that the person at the terminal takes; None to build nothing."""
    offers = [offer for offer in detection["offers"] if offer["generator"] != STATIC]
    tell(plain(detection["why"]))
    for number, offer in enumerate(offers, start=1):
        where = f" in {plain(offer['base'])}/" if offer["base"] else ""
        tell(f"  {number}  build it with {plain(offer['title'])}{where}")
        for command in offer["commands"]:
            tell(f"       $ {plain(command)}")
    tell("  0  publish the files as they are")
    tell("The site remembers the answer.")
    chosen: int = click.prompt("Which is it", type=click.IntRange(0, len(offers)), default=1, err=True)
    return offers[chosen - 1] if chosen else None
