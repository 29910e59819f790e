"""Windows: a task that starts with the system. Its form is checked by tests; on Windows it has not been tried."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from appliance.services.values import Manager, Service

_TASK = "Dropdock"
_FOLDER = Path("C:/ProgramData/Dropdock")
_PATH = _FOLDER / "dropdock-task.xml"
NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"


def _text(service: Service) -> str:
    """The task, in the form of the Task Scheduler 1.2 schema."""
    task = Element("Task", {"version": "1.2", "xmlns": NAMESPACE})
    _fill(task, {"RegistrationInfo": {"Description": "Dropdock, self-hosted static sites"}})
    _fill(task, {"Triggers": {"BootTrigger": {"Enabled": "true"}}})
    principal = SubElement(SubElement(task, "Principals"), "Principal", {"id": "Author"})
    _fill(principal, {"UserId": service.user, "LogonType": "S4U", "RunLevel": "LeastPrivilege"})
    _fill(
        task,
        {
            "Settings": {
                "MultipleInstancesPolicy": "IgnoreNew",
                "ExecutionTimeLimit": "PT0S",  # without it the task is ended after three days
                "RestartOnFailure": {"Interval": "PT1M", "Count": "10"},
            }
        },
    )
    actions = SubElement(task, "Actions", {"Context": "Author"})
    program, *arguments = service.start
    order = {"Command": program, "Arguments": subprocess.list2cmdline(arguments), "WorkingDirectory": str(service.data)}
    _fill(actions, {"Exec": order})
    indent(task)
    return '<?xml version="1.0"?>\n' + tostring(task, encoding="unicode") + "\n"


def _fill(parent: Element, facts: Mapping[str, Any]) -> None:
    """Add children: a text, or more of the same."""
    for name, value in facts.items():
        child = SubElement(parent, name)
        if isinstance(value, str):
            child.text = value
        else:
            _fill(child, value)


WINDOWS = Manager(
    platform="win32",
    path=_PATH,
    config=_FOLDER / "appliance.toml",
    data=_FOLDER / "data",
    text=_text,
    install=(("schtasks", "/Create", "/TN", _TASK, "/XML", str(_PATH), "/F"), ("schtasks", "/Run", "/TN", _TASK)),
    remove=(("schtasks", "/End", "/TN", _TASK), ("schtasks", "/Delete", "/TN", _TASK, "/F")),
    status=("schtasks", "/Query", "/TN", _TASK, "/V", "/FO", "LIST"),
    stop=(("schtasks", "/End", "/TN", _TASK),),
    start=(("schtasks", "/Run", "/TN", _TASK),),
)
