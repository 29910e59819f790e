"""`explain URL`: why an address is answered as it is."""

from typing import Any

import click
import httpx

from appliance.cli.client import Client, segment
from appliance.cli.output import show, show_facts, show_json, show_table
from appliance.cli.remote import remote
from appliance.cli.sites import json_switch

WHY_NOT = {
    "host": "it is for another host",
    "query": "the query is another",
    "condition": "a condition does not hold",
    "file": "a file is there",
    "target": "its target is not there",
}
CACHING = {
    "immutable": "kept for a year: this address never holds anything else",
    "revalidate": "kept, and asked for again each time",
    "private": "kept by nobody but the visitor, if at all",
    "no-store": "kept by nobody",
    "own": "as the site's own header rules say",
    "none": "nothing said",
}


class SiteUrl(click.ParamType[tuple[str, str]]):
    """An address of a site; its value is the site's name and the address."""

    name = "url"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The site, told from the host's first label, which names it last; the server sees whether it is one."""
        text = value.strip() if "://" in value else f"http://{value.strip()}"
        try:
            host = httpx.URL(text).host
        except httpx.InvalidURL:
            host = ""
        site = host.partition(".")[0].rpartition("--")[2]
        return (
            (site, text) if site else self.fail(f"{value!r} is no address, such as blog.localhost/about.", param, ctx)
        )


@click.command()
@click.argument("url", type=SiteUrl())
@click.option("--accept-encoding", help="What the visitor sends.  [default: as browsers do]")
@click.option("--language", default="", help="The visitor's Accept-Language.")
@click.option("--cookie", default="", help="The visitor's Cookie.")
@click.option("--country", default="", help="Where the visitor is, such as DE.")
@json_switch
@remote
def explain(client: Client, /, url: tuple[str, str], as_json: bool, **visitor: str | None) -> None:
    """Say why an address is answered as it is."""
    site, address = url
    asked = {"url": address} | {name: value for name, value in visitor.items() if value is not None}
    found = client.get(f"sites/{segment(site)}/explain", **asked)
    if as_json:
        show_json(found)
        return
    _show(found)


def _show(found: dict[str, Any]) -> None:
    show_facts(
        {
            "status": found["status"],
            "deploy": f"{found['number']} ({found['deploy']}{', at its own address' if found['preview'] else ''})",
            "file": found["file"],
            "rule": _rule(found["rule"]) if found["rule"] else None,
            "caching": f"{found['caching']}: {CACHING[found['caching']]}",
            "coding": _coding(found),
            "stands before it": f"a {found['guard']}; this is what is behind" if found["guard"] else "nothing",
        }
    )
    if found["passed_over"]:
        show("")
        show_table(
            ("NOT THIS RULE", "BECAUSE"), [(_rule(one), WHY_NOT[one["why_not"]]) for one in found["passed_over"]]
        )
    if found["blocks"]:
        show("")
        show_table(("HEADER BLOCK", "SETS", "TAKES OFF"), [_block(one) for one in found["blocks"]])
    show("")
    show_table(("HEADER", "VALUE"), [(one["name"], one["value"]) for one in found["headers"]])
    show("")
    show_table(("STEP", "WHAT IT CAME TO"), [(one["step"], _said(one)) for one in found["steps"]])


def _rule(rule: dict[str, Any]) -> str:
    force = "!" if rule["force"] else ""
    return f"{rule['file']}:{rule['line']}  {rule['path']} {rule['to']} {rule['status']}{force}"


def _block(block: dict[str, Any]) -> tuple[str, str, str]:
    return f"{block['file']}:{block['line']}  {block['path']}", ", ".join(block["sets"]), ", ".join(block["drops"])


def _coding(found: dict[str, Any]) -> str:
    chosen = found["coding"] or "as it is"
    return f"{chosen} (there is {', '.join(found['codings'])})" if found["codings"] else chosen


def _said(step: dict[str, Any]) -> str:
    return f"{step['said']} (the answer)" if step["answered"] else str(step["said"])
