"""Service managers that can keep Dropdock running; one file each, `MANAGERS` is the one list of them."""

from appliance.services.launchd import LAUNCHD
from appliance.services.systemd import SYSTEMD
from appliance.services.values import Manager
from appliance.services.windows import WINDOWS

MANAGERS: dict[str, Manager] = {"systemd": SYSTEMD, "launchd": LAUNCHD, "windows": WINDOWS}
