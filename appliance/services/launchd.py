"""launchd (macOS): a daemon's property list. Its form is checked by tests; on a Mac it has not been tried."""

import plistlib
from pathlib import Path

from appliance.services.values import STOP_SECONDS, Manager, Service

_LABEL = "dropdock"
_PATH = Path("/Library/LaunchDaemons/dropdock.plist")


def _text(service: Service) -> str:
    """The property list. The user has to exist; launchd makes none."""
    facts = {
        "Label": _LABEL,
        "ProgramArguments": list(service.start),
        "UserName": service.user,
        "WorkingDirectory": str(service.data),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ExitTimeOut": STOP_SECONDS,
        "Umask": 0o077,
        "SoftResourceLimits": {"NumberOfFiles": 65536},
        "StandardOutPath": str(service.data / "dropdock.out.log"),
        "StandardErrorPath": str(service.data / "dropdock.err.log"),
    }
    return plistlib.dumps(facts).decode()


LAUNCHD = Manager(
    platform="darwin",
    path=_PATH,
    config=Path("/usr/local/etc/dropdock/appliance.toml"),
    data=Path("/usr/local/var/dropdock"),
    text=_text,
    install=(("launchctl", "bootstrap", "system", str(_PATH)),),
    remove=(("launchctl", "bootout", f"system/{_LABEL}"),),
    status=("launchctl", "print", f"system/{_LABEL}"),
    stop=(("launchctl", "bootout", f"system/{_LABEL}"),),
    start=(("launchctl", "bootstrap", "system", str(_PATH)),),
)
