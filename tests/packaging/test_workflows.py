"""What runs on the forge, as far as it can be held to rules here: its schema, its rights, what it takes from others."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$")
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return found


def steps(path: Path) -> Iterator[dict[str, Any]]:
    for job in jobs(path).values():
        yield from job["steps"]


def test_all_of_them_are_as_their_schemas_say() -> None:
    for schema, paths in (("github-workflows", WORKFLOWS), ("dependabot", [ROOT / ".github/dependabot.yml"])):
        done = subprocess.run(
            [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, paths)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@each_workflow
def test_what_is_taken_from_others_is_pinned_by_hash(path: Path) -> None:
    uses = [
        line.strip().removeprefix("- ") for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line
    ]

    assert uses
    assert [line for line in uses if not PINNED.search(line)] == []


@each_workflow
def test_only_reading_is_allowed_unless_a_job_says_what_it_writes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    writes = [line for line in text.splitlines() if re.search(r": write\b", line)]

    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    assert [line for line in writes if not re.search(r"write  # \w+", line)] == []


@each_workflow
def test_no_credentials_stay_in_the_checkout(path: Path) -> None:
    checkouts = [step for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")]

    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@each_workflow
def test_every_job_ends(path: Path) -> None:
    assert all(0 < job["timeout-minutes"] <= 40 for job in jobs(path).values())


@each_workflow
def test_no_text_from_outside_becomes_part_of_a_script(path: Path) -> None:
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@each_workflow
def test_every_script_can_be_parsed(path: Path) -> None:
    for step in steps(path):
        if "run" in step:
            subprocess.run(["bash", "-n"], input=step["run"], text=True, check=True)


def test_nothing_is_published_before_the_gate_has_passed() -> None:
    release = jobs(ROOT / ".github/workflows/release.yml")

    def all_needs(name: str) -> set[str]:
        needs = release[name].get("needs", [])
        direct = {needs} if isinstance(needs, str) else set(needs)
        return direct.union(*map(all_needs, direct))

    writers = [name for name, job in release.items() if "write" in job.get("permissions", {}).values()]

    assert writers == ["image", "publish"]
    assert all("test" in all_needs(name) for name in writers)
    assert "make test" in [step.get("run") for step in release["test"]["steps"]]
