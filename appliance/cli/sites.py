"""`site …`, `deploys`, `publish` and `rollback`: what a site is, which versions it has, and which one visitors get."""

import difflib
from pathlib import Path
from typing import Any

import click

from appliance.cli.client import Client, segment
from appliance.cli.gate import gate
from appliance.cli.members import members
from appliance.cli.output import moment, show, show_facts, show_json, show_table, size
from appliance.cli.remote import remote
from appliance.cli.site_build import build

SWITCH: dict[str, str | bool] = {"on": True, "off": False}
OPTIONS: dict[str, dict[str, str | bool]] = {
    "minify": SWITCH,
    "spa": SWITCH,
    "any_case": SWITCH,
    "dialect": {word: word for word in ("netlify", "cloudflare")},
    "html": {word: word for word in ("natural", "auto", "slash", "noslash", "exact")},
}
TEXTS = {"head_snippet": "HTML|@FILE"}  # options that are any text, given there or as a file; empty for none
_SHOWN = 60  # characters of a text
_CHOICES = {option: "|".join(words) for option, words in OPTIONS.items()} | TEXTS
_ABOUT_SET = "Set options, from the next deploy on.\n\n`redeploy` makes one of what is there."
HELP_OF_SET = f"{_ABOUT_SET}\n\n\b\n" + "\n".join(  # \b: click leaves the lines as they are
    f"{option}={choices}" for option, choices in _CHOICES.items()
)


class SiteName(click.ParamType[str]):
    """A site's name; the server has the rule, but an empty one would name the list of sites."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name without spaces around it."""
        return value.strip() or self.fail("a site's name cannot be empty.", param, ctx)


SITE_NAME = SiteName()
json_switch = click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
site_name = click.argument("name", type=SITE_NAME)


@click.group()
def site() -> None:
    """Create, list, change, delete and restore sites."""


site.add_command(gate)
site.add_command(build)
site.add_command(members)


@site.command()
@site_name
@remote
def create(client: Client, name: str) -> None:
    """Make a site; prints its address."""
    show(client.send("POST", "sites", {"name": name})["url"])


@site.command("list")
@json_switch
@remote
def list_sites(client: Client, as_json: bool) -> None:
    """List the sites you may see."""
    found = client.pages("sites")
    if as_json:
        show_json(found)
        return
    rows = [(s["name"], _live_number(s), s["deploys"], s["owner"], s["url"]) for s in found]
    show_table(("NAME", "LIVE", "DEPLOYS", "OWNER", "ADDRESS"), rows)


@site.command("show")
@site_name
@json_switch
@remote
def show_site(client: Client, name: str, as_json: bool) -> None:
    """Show what is known of a site."""
    found = client.get(f"sites/{segment(name)}")
    if as_json:
        show_json(found)
        return
    facts = {
        "name": found["name"],
        "address": found["url"],
        "owner": found["owner"],
        "created (UTC)": moment(found["created_at"]),
        "live deploy": _live_number(found),
        "deploys": found["deploys"],
    }
    show_facts(facts | {option: _written(value) for option, value in found["options"].items()})


@site.command("set", help=HELP_OF_SET)
@site_name
@click.argument("options", metavar="KEY=VALUE...", nargs=-1, required=True)
@remote
def set_options(client: Client, name: str, options: tuple[str, ...]) -> None:
    """Set options, from the next deploy on."""
    changed = client.send("PATCH", f"sites/{segment(name)}", dict(_option(text) for text in options))
    show(" ".join(f"{option}={_written(value)}" for option, value in changed["options"].items()))


@site.command()
@site_name
@remote
def delete(client: Client, name: str) -> None:
    """Delete a site with all its deploys.

    Visitors get 404 at once; for a while (keep_deleted) it can be restored.
    """
    client.send("DELETE", f"sites/{segment(name)}")
    found = [each for each in client.pages("deleted-sites") if each["name"] == name]
    until = f" Until {moment(found[0]['until'])} UTC, `dropdock site restore {name}` undoes that." if found else ""
    show(f"{name} is deleted.{until}")


@site.command()
@json_switch
@remote
def deleted(client: Client, as_json: bool) -> None:
    """List the deleted sites that can be restored."""
    found = client.pages("deleted-sites")
    if as_json:
        show_json(found)
        return
    rows = [(s["name"], moment(s["deleted_at"]), s["by"], moment(s["until"]), s["deploys"], s["owner"]) for s in found]
    show_table(("NAME", "DELETED (UTC)", "BY", "UNTIL (UTC)", "DEPLOYS", "OWNER"), rows)


@site.command()
@site_name
@remote
def restore(client: Client, name: str) -> None:
    """Have a deleted site back, with what was live."""
    found = client.send("POST", f"deleted-sites/{segment(name)}/restore")
    show(f"{name} is restored.")
    show(found["url"])


@site.command()
@site_name
@remote
def end(client: Client, name: str) -> None:
    """Remove a deleted site for good, before its time is over."""
    client.send("DELETE", f"deleted-sites/{segment(name)}")
    show(f"{name} is removed for good.")


@click.command()
@site_name
@json_switch
@remote
def deploys(client: Client, name: str, as_json: bool) -> None:
    """List a site's deploys, newest first."""
    found = client.pages(f"sites/{segment(name)}/deploys")
    if as_json:
        show_json(found)
        return
    rows = [
        (
            d["number"],
            d["id"],
            _state(d),
            moment(d["created_at"]),
            d["author"],
            d["files"],
            size(d["bytes"]),
            d["message"],
        )
        for d in found
    ]
    show_table(("NUMBER", "DEPLOY", "STATE", "CREATED (UTC)", "BY", "FILES", "SIZE", "MESSAGE"), rows)


@click.command()
@site_name
@click.argument("deploy")
@remote
def publish(client: Client, name: str, deploy: str) -> None:
    """Make a deploy live, by its number or id."""
    _show_live(client.send("POST", f"sites/{segment(name)}/publish", {"deploy": deploy}))


@click.command()
@site_name
@remote
def rollback(client: Client, name: str) -> None:
    """Make the deploy live that was so before."""
    _show_live(client.send("POST", f"sites/{segment(name)}/rollback"))


def _show_live(deploy: dict[str, Any]) -> None:
    show(f"Deploy {deploy['number']} of {deploy['site']} is live.")
    show(deploy["url"])


def _option(text: str) -> tuple[str, str | bool]:
    key, equals, word = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not KEY=VALUE, such as minify=off.", param_hint="KEY=VALUE")
    if key in TEXTS:
        return key, _text(word)
    if key not in OPTIONS:
        raise _unknown(f"there is no option {key!r}", key, _CHOICES)
    if word not in OPTIONS[key]:
        raise _unknown(f"{key} cannot be {word!r}", word, OPTIONS[key])
    return key, OPTIONS[key][word]


def _text(word: str) -> str:
    if not word.startswith("@"):
        return word
    try:
        return Path(word[1:]).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{word[1:]} cannot be read: {error}.", param_hint="KEY=VALUE") from None


def _unknown(sentence: str, word: str, known: dict[str, Any]) -> click.BadParameter:
    close = difflib.get_close_matches(word.lower(), known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"use one of {', '.join(known)}."
    return click.BadParameter(f"{sentence}: {hint}", param_hint="KEY=VALUE")


def _written(value: str | bool) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    line = " ".join(value.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _live_number(site_facts: dict[str, Any]) -> int | None:
    return site_facts["live"]["number"] if site_facts["live"] else None


def _state(deploy: dict[str, Any]) -> str:
    if deploy["live"]:
        return "live"
    return "draft" if deploy["draft"] and deploy["state"] == "ready" else str(deploy["state"])
