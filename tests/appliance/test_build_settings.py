"""What the operator has set holds for builds, each setting in its place."""

from dataclasses import fields
from ipaddress import ip_network
from typing import Any

import pytest

from appliance.settings import Settings
from appliance.site_builds import bounds_of, wishes_of
from appliance.units import NumberRange, Size, Span
from builds.sandbox.values import Bounds, Wishes

BOUNDS: dict[str, tuple[Any, str]] = {
    "build_timeout": (Span(11), "seconds"),
    "build_memory": (Size(12_000_000), "memory"),
    "build_processes": (13, "processes"),
    "build_cpu": (Span(14), "cpu_seconds"),
    "build_disk": (Size(15_000_000), "workspace"),
    "build_file_size": (Size(16_000_000), "file_size"),
    "build_temporary": (Size(17_000_000), "temporary"),
    "build_open_files": (180, "open_files"),
    "build_output": (Size(19_000_000), "output"),
}
WISHES: dict[str, tuple[Any, str, Any]] = {
    "sandbox": ("container", "backend", "container"),
    "sandbox_image": ("bread:1", "image", "bread:1"),
    "require_isolation": (True, "require_isolation", True),
    "build_uids": (NumberRange(70_000, 70_009), "uids", (70_000, 70_009)),
    "build_reach": ((ip_network("10.1.0.0/16"),), "reach", (ip_network("10.1.0.0/16"),)),
}


def differing(one: object, other: object, names: list[str]) -> dict[str, Any]:
    return {name: getattr(other, name) for name in names if getattr(one, name) != getattr(other, name)}


@pytest.mark.parametrize("setting", BOUNDS)
def test_a_bound_of_builds_is_the_operators(setting: str) -> None:
    value, bound = BOUNDS[setting]
    names = [field.name for field in fields(Bounds)]

    assert sorted(bound for _, bound in BOUNDS.values()) == sorted(names)
    assert differing(bounds_of(Settings()), bounds_of(Settings(**{setting: value})), names) == {bound: value}


def test_the_bounds_of_builds_are_what_the_settings_say_by_default() -> None:
    assert bounds_of(Settings()) == Bounds()


@pytest.mark.parametrize("setting", WISHES)
def test_a_wish_for_the_sandbox_is_the_operators(setting: str) -> None:
    value, wish, meant = WISHES[setting]
    names = [field.name for field in fields(Wishes)]

    assert sorted(wish for _, wish, _ in WISHES.values()) == sorted(names)
    assert differing(wishes_of(Settings()), wishes_of(Settings(**{setting: value})), names) == {wish: meant}
