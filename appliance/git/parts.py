"""What deploys from Git are made of, as the API and the admin get it."""

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.access import Access
from appliance.addresses import Addresses
from appliance.data_folder import DataFolder
from appliance.deploys import Aliases
from appliance.git.hooks import Hooks
from appliance.git.redeploy import Redeploy
from appliance.git.sources import Sources
from appliance.intake import Intake


@dataclass(frozen=True, slots=True)
class Git:
    """Where sites are deployed from, the fetches, and the webhooks."""

    sources: Sources
    redeploy: Redeploy
    hooks: Hooks

    @classmethod
    def of(
        cls,
        access: Access,
        addresses: Addresses,
        folder: DataFolder,
        intake: Intake,
        aliases: Aliases,
        *,
        command: Sequence[str],
    ) -> "Git":
        """Put them together; `command` starts the child that fetches."""
        sources = Sources(access, addresses)
        redeploy = Redeploy(access.settings, folder, command, sources, intake)
        return cls(sources, redeploy, Hooks(sources, redeploy, aliases))
