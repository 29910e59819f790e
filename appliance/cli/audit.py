"""`audit`: who changed what, from the server's audit log."""

import sys

import click

from appliance.cli.client import Client
from appliance.cli.output import moment, plain, show_table, tell
from appliance.cli.remote import remote

MOST = 10_000  # entries of a listing; --json has no end


@click.command()
@click.option("--site", default="", help="Only what was done to this site.")
@click.option("--who", default="", help="Only what the account with this e-mail did.")
@click.option("--action", default="", help="Only such changes: deploy, site, gate, deploy.rollback, ...")
@click.option("--address", default="", help="Only what was asked from this IP address.")
@click.option("--since", default="", help="Only from this time on: 2026-01-31T12:00:00Z")
@click.option("--until", default="", help="Only before this time.")
@click.option("--count", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many, newest first.")
@click.option("--json", "as_json", is_flag=True, help="All of them as JSON lines, oldest first.")
@remote
def audit(client: Client, /, count: int, as_json: bool, **only: str) -> None:
    """Say who changed what, newest first."""
    wanted = {name: value for name, value in only.items() if value}
    if as_json:
        _export(client, wanted)
        return
    found = _newest(client, wanted, count)
    rows = [(moment(each["at"]), plain(each["who"] or "-"), plain(each["what"]), each["address"]) for each in found]
    show_table(("When", "Who", "What", "From"), rows)


def _newest(client: Client, wanted: dict[str, str], count: int) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    page, per_page = 1, min(count, 200)
    while len(found) < count:
        answer = client.get("audit", page=page, per_page=per_page, **wanted)
        found += answer["items"]
        page += 1
        if not answer["items"] or len(found) >= answer["total"]:
            break
    if len(found) > count or (found and answer["total"] > count):
        tell(f"The newest {count} of {answer['total']:,}: --count shows more.")
    return found[:count]


def _export(client: Client, wanted: dict[str, str]) -> None:
    for piece in client.download("audit/export", **wanted):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
