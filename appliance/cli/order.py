"""What a deploy is asked for, and telling what came of it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.cli.builds import why
from appliance.cli.client import segment
from appliance.cli.output import Failure, counted, show, show_json, size, tell, warn
from appliance.cli.watch import Deploy


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: where to, and what is said of the deploy, as the API takes it.

    `if_live` is the deploy to replace. Its key has a step that is taken twice, as its answer was lost, make one deploy.
    """

    site: str
    query: Mapping[str, str]
    if_live: str | None = None
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def path(self) -> str:
        """The site, as a path of the API."""
        return f"sites/{segment(self.site)}"

    @property
    def headers(self) -> dict[str, str]:
        """What is said in the request's head."""
        condition = {} if self.if_live is None else {"If-Match": f'"{self.if_live}"'}
        return {"Idempotency-Key": self.key, **condition}


def without_gaps(said: Mapping[str, str]) -> dict[str, str]:
    """What is said, without what is not."""
    return {name: value for name, value in said.items() if value or name == "message"}


def tell_outcome(
    finished: Deploy, problems: list[dict[str, Any]], order: Order, *, as_json: bool, followed: bool = False
) -> None:
    """Say what a finished deploy came to; raises Failure where that is not what was asked for.

    Where it was `followed`, its log was shown.
    """
    for problem in problems:
        warn(problem)
    if as_json:
        show_json(_summary(finished, problems))
    if finished["state"] not in {"ready", "expired"}:
        raise Failure(why(finished, read=followed))
    if order.if_live is not None and not (finished["live"] or finished["draft"] or order.query.get("alias")):
        raise Failure(f"Deploy {finished['number']} of {finished['site']} is ready, but another one is live.")
    if not as_json:
        _tell_people(finished, order)


def _summary(finished: Deploy, problems: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "site": finished["site"],
        "deploy": finished["id"],
        "state": "live" if finished["live"] else finished["state"],
        **{name: finished[name] for name in ("url", "deploy_url", "files", "bytes")},
        "aliases": finished.get("aliases", []),
        "problems": problems,
        "error": finished["error"],
    }


def _tell_people(finished: Deploy, order: Order) -> None:
    number, alias = finished["number"], order.query.get("alias")
    outcome = "live" if finished["live"] else "ready"
    files = counted(finished["files"], "file")
    tell(f"Deploy {number} of {finished['site']} is {outcome}: {files}, {size(finished['bytes'])}.")
    if not (finished["draft"] or alias or finished["live"]):
        tell(f"warning: another deploy is live: `dropdock publish {finished['site']} {number}` makes this one live.")
    addresses = {each["name"]: each["url"] for each in finished.get("aliases", [])}
    show(str(finished["url"] if finished["live"] else addresses.get(alias or "", finished["deploy_url"])))
