"""A deploy whose content came ahead of it: the file that lists it, and where that is as long as no deploy holds it."""

import json
from dataclasses import dataclass
from pathlib import Path

from appliance.data_folder import DataFolder
from appliance.site_rules import ASIDE
from appliance.storage.manifest import Manifest
from appliance.storage.pending import Pending


@dataclass(frozen=True, slots=True)
class ListedContent:
    """The list, and the content it names; `exact` as `Plan.exact`."""

    path: Path
    pending: Pending
    exact: bool

    @classmethod
    def of(cls, deploy: str, folder: DataFolder) -> "ListedContent | None":
        """What a deploy waits to be made of; None for one that was uploaded."""
        path = folder.listed(deploy)
        if not path.is_file():
            return None
        said = json.loads(path.read_bytes())
        return cls(path, Pending(folder.pending, said["account"]), bool(said["exact"]))

    def settle(self, manifest: Manifest) -> None:
        """What the deploy holds is the site's now, no longer pending; rule files, whose passwords are not kept, go too.

        What it was only built from stays for as long as anything pending does, so that the next time needs it not sent.
        """
        held = {sha256 for sha256, _ in (entry.original for entry in manifest.entries.values())}
        rows = json.loads(self.path.read_bytes())["files"]
        self.pending.remove(sha256 for path, sha256, _ in rows if sha256 in held or path in ASIDE)
