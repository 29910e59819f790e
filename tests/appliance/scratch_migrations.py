"""Migrations that exist for one test only."""

import sys
from collections.abc import Sequence
from types import ModuleType

import pytest
from tortoise.migrations import Migration
from tortoise.migrations.operations import Operation

from appliance import migrations


def with_migration(monkeypatch: pytest.MonkeyPatch, name: str, operations: Sequence[Operation]) -> tuple[str, ...]:
    """Have the program know one more migration, its last; returns all names."""
    module = ModuleType(f"appliance.migrations.{name}")
    body = {"operations": list(operations), "dependencies": [("appliance", migrations.NAMES[-1])]}
    vars(module)["Migration"] = type("Migration", (Migration,), body)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(migrations, "NAMES", (*migrations.NAMES, name))
    return migrations.NAMES
