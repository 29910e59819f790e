"""What backups are made with, and whether those that the settings ask for can be."""

import os
from pathlib import Path

from appliance.data_folder import DataFolder, Finding, explain, write_probe
from appliance.safekeeping.folders import Folder
from appliance.safekeeping.items import Refused
from appliance.safekeeping.places import Means, place_of
from appliance.safekeeping.seals import passphrase_in
from appliance.settings import Settings


def means_of(settings: Settings, passphrase_file: Path | None = None) -> Means:
    """What the settings and the environment give, and the passphrase in that file, or in the settings'. Raises Refused.

    Nothing is written, and no other machine is asked.
    """
    file = passphrase_file or (Path(settings.backup_passphrase_file) if settings.backup_passphrase_file else None)
    passphrase = passphrase_in(file) if file else ""
    said = str(file) if passphrase_file else f"backup_passphrase_file ({file})"
    return Means(DataFolder(settings.data).backing_up, settings, passphrase=passphrase, said=said)


def findings(settings: Settings) -> list[Finding]:
    """What keeps the server from making its own backups, or these from being of use, as far as it can be told here.

    Blocking.
    """
    if not settings.backup_every:
        return []
    try:
        place = place_of(settings.backup_to, means_of(settings))
        if isinstance(place, Folder):
            write_probe(_nearest(place.root))
            return _too_near(place.root, settings.data)
    except Refused as error:
        return [_warning(str(error))]
    except OSError as error:
        return [_warning(explain(error, Path(settings.backup_to)))]
    return []


def _too_near(backups: Path, data: Path) -> list[Finding]:
    if not backups.resolve().is_relative_to(data.resolve()):
        return []
    said = f"Backups go to {backups} (backup_to), in the data folder: what takes that, takes them. Name another disk."
    return [Finding("warning", "backup_in_data", said)]


def _nearest(folder: Path) -> Path:
    """The folder, or what is there of the way to it: the first backup makes the rest."""
    return next(place for place in (folder, *folder.parents) if os.path.lexists(place))


def _warning(reason: str) -> Finding:
    return Finding("warning", "backup_impossible", f"No backup can be made (backup_every). {reason}")
