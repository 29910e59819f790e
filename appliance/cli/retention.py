"""`retention`: say which deploys the rules would delete, before they do."""

from pathlib import Path

import click

from appliance.access import Access
from appliance.cli import options
from appliance.cli.offline import with_database
from appliance.cli.output import Failure, show, show_json
from appliance.data_folder import DataFolder
from appliance.deploys.retention import Due, Rules, due
from appliance.plans import Plans
from appliance.usage import freed_by


@click.command()
@click.option("--keep-deploys", type=click.IntRange(0), help="Try this instead of the setting.")
@click.option("--keep-age", help="Try this instead of the setting, such as 90d.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.config
@options.data
def retention(
    keep_deploys: int | None, keep_age: str | None, as_json: bool, config: Path | None, data: Path | None
) -> None:
    """Say which deploys the rules on keeping them would delete.

    They are those that would go now. Deletes nothing.
    """
    tried = {"keep_deploys": keep_deploys, "keep_age": keep_age}
    settings = options.settings(config, {"data": data, **tried})
    folder = DataFolder(settings.data)
    if not folder.database.exists():
        raise Failure(f"There is nothing in {settings.data}: name the server's data directory with --data.")

    async def look(_: Access) -> tuple[list[Due], int]:
        found = await due(Rules.of(settings), Plans.of(settings))
        return found, await freed_by(folder, [one.deploy for one in found])

    found, freed = with_database(settings, look)
    if as_json:
        show_json([_facts(one) for one in found])
        return
    for one in found:
        made = f"of {one.created_at:%Y-%m-%d}, {one.bytes:,} bytes"
        show(f"{one.site}  deploy {one.number} ({one.deploy}) {made}: {one.rule}")
    show(f"Deploys that would be deleted: {len(found):,}. Only they have {freed:,} bytes, which sweeps would free.")


def _facts(one: Due) -> dict[str, object]:
    return {
        "deploy": one.deploy,
        "site": one.site,
        "number": one.number,
        "created_at": one.created_at.isoformat(),
        "bytes": one.bytes,
        "rule": one.rule,
    }
