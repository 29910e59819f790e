"""Root in somebody else's data folder: what it leaves there, that user's server cannot use."""

import os
import sys
import tempfile

from appliance.data_folder import DataFolder, Unusable

if sys.platform != "win32":
    import pwd


def refuse(folder: DataFolder) -> None:
    """Raise Unusable where this process is root's, and the server that uses the folder another user's.

    Whose the server is says the database. Where the file system gives all that is made in it to one user anyway, as
    one of Windows or of another machine may, nothing is lost by going on. Other users are stopped by the system itself.
    """
    if sys.platform == "win32" or os.geteuid() != 0 or not folder.database.exists():
        return
    owner = folder.database.stat().st_uid
    if owner == 0 or _made_by_us(folder) in {owner, None}:
        return
    name = _name(owner)
    raise Unusable(
        f"{folder.root} belongs to {name}, whose server could not use what root leaves in it: run this as that user, "
        f"with `sudo -u {name}` before it."
    )


def other_owner(folder: DataFolder) -> str:
    """Whose the folder is, where it is root that has just put a database into somebody else's; empty otherwise."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return ""
    owner = folder.root.stat().st_uid
    return "" if owner == folder.database.stat().st_uid else _name(owner)


def _made_by_us(folder: DataFolder) -> int | None:
    """Who owns what this process makes in the folder; None where it can make nothing, which is told elsewhere."""
    try:
        with tempfile.TemporaryFile(dir=folder.root) as probe:
            return os.fstat(probe.fileno()).st_uid
    except OSError:
        return None


def _name(uid: int) -> str:
    """A user's name, or what `sudo -u` takes in its place."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"'#{uid}'"
