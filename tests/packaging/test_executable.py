"""The single executable: built here by the target people use, and run as what it is, never from the source tree."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from PyInstaller.archive.readers import CArchiveReader

from tests.builders import folder_of, page, served
from tests.cast import OLGA
from tests.packaging.machine import Machine, Operator, serving
from tests.serving.visitors import Http1
from tests.workers.duo import holder_of

pytestmark = pytest.mark.long  # it takes a minute to make, and a release starts it once more where it was built

ROOT = Path(__file__).resolve().parent.parent.parent
LARGEST = 40_000_000  # bytes; what a person should wait for when they download it
ADMIN = ("templates", "static", "help", "locales")
SHIPPED = ("appliance/api/viewer", "appliance/migrations", *(f"admin_ui/{folder}" for folder in ADMIN))


@pytest.fixture(scope="session")
def bundle(executable: Path) -> Any:
    return CArchiveReader(str(executable))


@pytest.fixture
def machine(executable: Path, tmp_path: Path) -> Machine:
    return Machine(executable, tmp_path)


@pytest.fixture
def olga_serves(machine: Machine) -> Iterator[Operator]:
    with serving(machine) as operator:
        yield operator


def test_a_download_is_small(executable: Path) -> None:
    assert executable.stat().st_size <= LARGEST


def test_only_what_is_locked_is_in_the_bundle(bundle: Any) -> None:
    locked = set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    modules = {name.partition(".")[0] for name in bundle.open_embedded_archive("PYZ.pyz").toc}
    homes = {module: packages_distributions()[module] for module in modules & packages_distributions().keys()}

    strangers = {
        module: names
        for module, names in homes.items()
        if not any(re.sub(r"[-_.]+", "-", name).lower() in locked for name in names)
    }

    assert homes
    assert strangers == {}


@pytest.mark.parametrize("package", ["appliance", "builds", "admin_ui"])
def test_every_module_of_ours_is_in_the_bundle(bundle: Any, package: str) -> None:
    there = set(bundle.open_embedded_archive("PYZ.pyz").toc)
    ours = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / package).rglob("*.py")
    }

    assert ours - there == set()


@pytest.mark.parametrize("folder", SHIPPED)
def test_every_file_the_program_reads_is_in_the_bundle_as_it_is(bundle: Any, folder: str) -> None:
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]

    changed = [str(path) for path in files if bundle.extract(str(path.relative_to(ROOT))) != path.read_bytes()]

    assert files
    assert changed == []


def test_a_first_start_leads_to_an_account_without_anything_else_on_the_machine(machine: Machine) -> None:
    with served(machine.home / "data", environment=machine.environment, program=machine.program) as server:
        assert server.set_up_link is not None
        first = httpx.get(server.set_up_link)
        shown = httpx.get(f"{server.url}/help/changelog", follow_redirects=True)
        status = server.stop()

    assert first.status_code == 200
    assert "account" in first.text
    assert shown.status_code == 200
    assert status == 0


def test_a_folder_goes_live_and_back_by_the_executable_alone(olga_serves: Operator, tmp_path: Path) -> None:
    first = folder_of(tmp_path / "first", {"index.html": page("first edition")})
    second = folder_of(tmp_path / "second", {"index.html": page("second edition")})

    olga_serves.dropdock("deploy", str(first), "--site", "blog")
    olga_serves.dropdock("deploy", str(second), "--site", "blog")
    after_second = olga_serves.get("blog")
    olga_serves.dropdock("rollback", "blog")

    assert "second edition" in after_second
    assert "first edition" in olga_serves.get("blog")


def test_a_build_child_is_the_same_file_again(olga_serves: Operator, executable: Path) -> None:
    family = psutil.Process(olga_serves.server.process.pid).children(recursive=True)

    commands = [child.cmdline() for child in family]

    assert {command[0] for command in commands if command[1:2] == ["internal"]} == {str(executable)}


@pytest.mark.needs("bubblewrap")
@pytest.mark.skipif(shutil.which("node") is None, reason="the machine has no Node.js to build with")
def test_a_source_is_built_by_the_executable_in_its_sandbox(machine: Machine, tmp_path: Path) -> None:
    script = "mkdir dist && node -e \"console.log('<h1>built by ' + 6 * 7 + '</h1>')\" > dist/index.html"
    source = folder_of(tmp_path / "source", {"package.json": json.dumps({"scripts": {"build": script}})})

    machine.environment["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    with serving(machine) as olga:
        olga.dropdock("deploy", str(source), "--site", "built", "--build", "npm")
        shown = olga.get("built")

    assert "built by 42" in shown


def test_what_it_deploys_is_minified_and_compressed(olga_serves: Operator, tmp_path: Path) -> None:
    script = "/* nothing said here */\n" * 60 + "export const answer = 42;\n"
    sheet = "/* nothing said here */\n" * 60 + "a { color: red }\n"
    site = folder_of(tmp_path / "site", {"index.html": page("home"), "a.js": script, "a.css": sheet})

    olga_serves.dropdock("deploy", str(site), "--site", "small")

    assert olga_serves.get("small", "/a.js") == "export const answer=42"
    assert olga_serves.get("small", "/a.css") == "a{color:red}"


def test_a_backup_made_while_it_serves_is_restored_and_served(
    olga_serves: Operator, machine: Machine, tmp_path: Path
) -> None:
    olga_serves.dropdock(
        "deploy", str(folder_of(tmp_path / "site", {"index.html": page("kept safe")})), "--site", "blog"
    )
    backup, elsewhere = tmp_path / "backup.tar.zst", tmp_path / "elsewhere"

    made = machine.dropdock("backup", str(backup), "--data", str(machine.home / "data"))
    restored = machine.dropdock("restore", str(backup), "--data", str(elsewhere))
    verified = machine.dropdock("verify", "--data", str(elsewhere))

    assert [done.returncode for done in (made, restored, verified)] == [0, 0, 0], made.stderr + restored.stderr
    with served(elsewhere, environment=machine.environment, program=machine.program) as server:
        host = f"blog.localhost:{server.port}"
        shown = httpx.get(f"http://127.0.0.1:{server.port}/", headers={"Host": host})
    assert "kept safe" in shown.text


def test_what_encrypts_and_what_speaks_to_buckets_are_in_it(machine: Machine, tmp_path: Path) -> None:
    account = ("account", "create", "--email", OLGA.email, "--role", "operator", "--password-stdin")
    machine.dropdock(*account, "--data", str(tmp_path / "data"), said=OLGA.password + "\n")
    (tmp_path / "words").write_text("correct horse battery")
    words = ("--passphrase-file", str(tmp_path / "words"))
    file = str(tmp_path / "backup.age.tar")

    made = machine.dropdock("backup", file, *words, "--rehearse", "--data", str(tmp_path / "data"))
    keys = {"AWS_ACCESS_KEY_ID": "olga", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    asked = machine.dropdock("verify", "--backup", "s3://bucket/x", DROPDOCK_BACKUP_S3_PATIENCE="100ms", **keys)

    assert made.returncode == 0, made.stderr
    assert (asked.returncode, "does not answer" in asked.stderr) == (1, True), asked.stderr


def test_it_stops_when_told_and_leaves_no_process(olga_serves: Operator) -> None:
    family = psutil.Process(olga_serves.server.process.pid).children(recursive=True)

    status = olga_serves.server.stop()

    _, alive = psutil.wait_procs(family, timeout=10)
    assert status == 0
    assert alive == []


def test_two_processes_of_it_share_the_visitors_and_end_together(machine: Machine, tmp_path: Path) -> None:
    with serving(machine, DROPDOCK_WORKERS="2") as olga:
        family = psutil.Process(olga.server.process.pid).children(recursive=True)
        met = {}
        for edition in ("first edition", "second edition"):
            site = folder_of(tmp_path / edition, {"index.html": page(edition)})
            olga.dropdock("deploy", str(site), "--site", "shared")

            met[edition] = visit_until_two_have_answered(olga, family, edition)
        status = olga.server.stop()

    _, alive = psutil.wait_procs(family, timeout=30)
    assert met["first edition"] == met["second edition"]
    assert (status, alive) == (0, [])


def visit_until_two_have_answered(olga: Operator, family: list[psutil.Process], edition: str) -> set[int]:
    """The processes that visitors met, each of which has this edition."""
    met: set[int] = set()
    for _ in range(300):
        with Http1(olga.server.port) as visitor:
            met.add(holder_of(visitor.socket, family).pid)
            answer = visitor.get(b"/", host=b"shared.localhost")
            assert edition.encode() in answer.body
        if len(met) == 2:
            return met
    raise AssertionError(f"all visitors met the same process: {met}")


def test_what_it_unpacks_is_gone_when_it_has_stopped(olga_serves: Operator) -> None:
    scratch = Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - where PyInstaller's loader unpacks to
    while_it_runs = {path.name for path in scratch.glob("_MEI*")}

    olga_serves.server.stop()

    assert while_it_runs - {path.name for path in scratch.glob("_MEI*")} != set()
