"""Commands that deploy a site from a script or CI, ready to copy: its real address and name, and never a token."""

from dataclasses import dataclass

from admin_ui.words import t
from appliance.addresses import Addresses


@dataclass(frozen=True, slots=True)
class Snippet:
    """A command, and what has to be there for it."""

    title: str
    needs: str
    text: str


def snippets(addresses: Addresses, site: str) -> tuple[Snippet, ...]:
    """One for each way that needs no install but its own; the token is a variable of whoever runs it."""
    server = addresses.url(addresses.admin).rstrip("/")
    return (
        Snippet(
            t("ci.program"),
            t("ci.program_needs"),
            f"DROPDOCK_SERVER={server} dropdock deploy ./public --site {site}",
        ),
        Snippet(
            t("ci.curl"),
            t("ci.curl_needs"),
            'tar -cz -C ./public . | curl --fail-with-body -H "Authorization: Bearer $DROPDOCK_TOKEN" '
            f'-H "Content-Type: application/gzip" --data-binary @- {server}/api/v1/sites/{site}/deploys',
        ),
    )
