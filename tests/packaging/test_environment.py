"""packaging/environment.sh on a tiny project: real venvs and pip, a wheel made here, no network."""

import base64
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TOOLS = ("sh", "dirname", "cat", "cksum", "rm", "flock", "sleep")  # what the script may use besides Python
BASE_PYTHON = Path(sys.base_prefix, "bin", f"python{sysconfig.get_python_version()}")


@dataclass
class Project:
    """A checkout with the script, a lock of one package, and a PATH that holds only what a test puts there."""

    folder: Path
    bin: Path
    environment: dict[str, str] = field(default_factory=dict)

    def prepare(self, what: str = "runtime", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "packaging/environment.sh", what],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=300,  # three runs of pip, however busy the machine is
            check=False,
        )

    def command(self, name: str, script: str) -> Path:
        """Put a shell script on PATH."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def lock(self, version: str, name: str = "requirements.txt") -> None:
        digest = make_wheel(self.folder / "wheels", version)
        (self.folder / name).write_text(f"leaf=={version} --hash=sha256:{digest}\n", encoding="utf-8")

    def leaf_version(self) -> str:
        """The version of the locked package as the environment's own Python sees it."""
        code = "import importlib.metadata as m; print(m.version('leaf'))"
        return subprocess.run(
            [self.folder / ".venv/bin/python", "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()


def make_wheel(folder: Path, version: str) -> str:
    """Write an installable wheel of the package `leaf`; its SHA-256 in hex."""
    folder.mkdir(exist_ok=True)
    info = f"leaf-{version}.dist-info"
    files = {
        "leaf.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: leaf\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{name},sha256={record_hash(text)},{len(text)}" for name, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""])
    path = folder / f"leaf-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def record_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def python_says(version: str, *, ensurepip: bool) -> str:
    """A script that answers like a Python of that version, as far as the script under test asks."""
    return f"""case "$*" in
    -V) echo Python {version}.0 ;;
    *version_info*) echo {version} ;;
    *ensurepip*) exit {0 if ensurepip else 1} ;;
    *) echo "unexpected: $*" >&2; exit 9 ;;
esac"""


@pytest.fixture(scope="module")
def new_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Project]:
    def make() -> Project:
        folder = tmp_path_factory.mktemp("project")
        project = Project(folder, folder / "bin")
        (folder / "packaging").mkdir()
        project.bin.mkdir()
        shutil.copy(ROOT / "packaging/environment.sh", folder / "packaging")
        for tool in TOOLS:
            found = shutil.which(tool)
            if found is not None:
                (project.bin / tool).symlink_to(found)
        project.command("id", "echo 1000")
        project.lock("1.0")
        project.environment = {
            "PATH": str(project.bin),
            "HOME": str(folder),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(folder / "wheels"),
        }
        return project

    return make


@pytest.fixture
def bare(new_project: Callable[[], Project]) -> Project:
    """A project on a machine without any Python."""
    return new_project()


@pytest.fixture(scope="module")
def made(new_project: Callable[[], Project]) -> Project:
    """A project whose environment is made; tests leave it usable, as making one takes seconds."""
    project = new_project()
    (project.bin / "python3").symlink_to(BASE_PYTHON)
    first = project.prepare()
    assert first.returncode == 0, first.stderr
    return project


def test_the_first_run_installs_the_lock(made: Project) -> None:
    assert made.leaf_version() == "1.0"


def test_a_second_run_installs_nothing(made: Project) -> None:
    made.prepare()
    stamp = (made.folder / ".venv/installed-runtime").stat().st_mtime_ns

    second = made.prepare(PIP_FIND_LINKS="/nowhere")

    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert (made.folder / ".venv/installed-runtime").stat().st_mtime_ns == stamp


def test_a_changed_lock_is_installed_into_the_same_environment(made: Project) -> None:
    made.prepare()
    mark = made.folder / ".venv/mine"
    mark.touch()
    made.lock("2.0")

    changed = made.prepare()

    assert changed.returncode == 0, changed.stderr
    assert made.leaf_version() == "2.0"
    assert mark.exists()


def test_the_development_lock_has_a_stamp_of_its_own(made: Project) -> None:
    made.prepare()
    made.lock("3.0", "requirements-dev.txt")

    made.prepare("dev")

    assert made.leaf_version() == "3.0"
    assert made.prepare("dev").stderr == ""
    assert made.prepare("runtime").stderr == ""


def test_an_environment_of_another_python_version_is_made_anew(made: Project) -> None:
    made.prepare()
    (made.folder / ".venv/made-with").write_text("Python 3.10.0\n", encoding="utf-8")

    again = made.prepare()

    assert again.returncode == 0, again.stderr
    assert "Creating .venv" in again.stderr


def test_a_package_without_its_hash_is_refused_and_what_failed_is_made_anew(made: Project) -> None:
    made.prepare()
    leftover = made.folder / ".venv/leftover"
    leftover.touch()
    make_wheel(made.folder / "wheels", "4.0")
    (made.folder / "requirements.txt").write_text("leaf==4.0\n", encoding="utf-8")

    refused = made.prepare()

    assert refused.returncode == 1
    assert "hash" in refused.stderr
    assert refused.stderr.endswith("The packages could not be installed; the reason stands above.\n")
    made.lock("4.0")
    assert made.prepare().returncode == 0
    assert made.leaf_version() == "4.0"
    assert not leftover.exists()


def test_a_python_that_is_too_old_is_told_in_one_sentence(bare: Project) -> None:
    bare.command("python3", python_says("3.9", ensurepip=True))

    refused = bare.prepare(MAKECMDGOALS="run")

    assert refused.returncode == 1
    assert refused.stderr == (
        "Dropdock needs Python 3.11 or newer, but found python3, which is 3.9: "
        "install one and type: make run PYTHON=/path/to/python3\n"
    )
    assert not (bare.folder / ".venv").exists()


def test_no_python_at_all_is_told_in_one_sentence(bare: Project) -> None:
    refused = bare.prepare(MAKECMDGOALS="test")

    assert refused.returncode == 1
    assert refused.stderr == (
        "Dropdock needs Python 3.11 or newer, but found none: install one and type: make test PYTHON=/path/to/python3\n"
    )


def test_a_python_without_venv_package_is_told_in_one_sentence(bare: Project) -> None:
    bare.command("python3", python_says("3.12", ensurepip=False))

    refused = bare.prepare()

    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "python3 is here without its venv package; type: sudo apt-get install python3.12-venv" in refused.stderr


def test_root_gets_the_venv_package_by_apt(bare: Project) -> None:
    bare.command("python3", python_says("3.11", ensurepip=False).replace("exit 1", f"test -e {bare.folder}/installed"))
    bare.command("id", "echo 0")
    bare.command("apt-get", f'echo "$*" >>{bare.folder}/apt; case "$*" in install*) : >{bare.folder}/installed ;; esac')

    bare.prepare()

    assert (bare.folder / "apt").read_text().splitlines() == [
        "install -qq -y --no-install-recommends python3.11-venv",
    ]


def test_root_gets_fresh_package_lists_when_the_ones_at_hand_do_not_do(bare: Project) -> None:
    bare.command("python3", python_says("3.11", ensurepip=False))
    bare.command("id", "echo 0")
    bare.command("apt-get", f'echo "$1" >>{bare.folder}/apt; test "$1" = update')

    refused = bare.prepare()

    assert (bare.folder / "apt").read_text().splitlines() == ["install", "update", "install"]
    assert "type: sudo apt-get install python3.11-venv" in refused.stderr


def test_root_gets_a_newer_python_by_apt(bare: Project) -> None:
    bare.command("python3", python_says("3.9", ensurepip=True))
    bare.command("id", "echo 0")
    bare.command("apt-cache", 'test "$2" = python3.12-venv')
    bare.command("apt-get", f'echo "$*" >>{bare.folder}/apt')

    bare.prepare()

    assert (bare.folder / "apt").read_text().splitlines() == [
        "update -qq",
        "install -qq -y --no-install-recommends python3.12 python3.12-venv",
    ]


def test_a_newer_python_beside_an_old_python3_is_found(bare: Project) -> None:
    bare.command("python3", python_says("3.9", ensurepip=True))
    (bare.bin / "python3.12").symlink_to(BASE_PYTHON)

    prepared = bare.prepare()

    assert prepared.returncode == 0, prepared.stderr
    assert bare.leaf_version() == "1.0"


def test_the_named_python_is_the_only_one_looked_at(bare: Project) -> None:
    (bare.bin / "python3").symlink_to(BASE_PYTHON)
    old = bare.command("my-python", python_says("3.10", ensurepip=True))

    refused = bare.prepare(PYTHON=str(old))

    assert refused.returncode == 1
    assert f"found {old}, which is 3.10" in refused.stderr


def test_runs_at_the_same_time_wait_for_each_other(bare: Project) -> None:
    (bare.bin / "python3").symlink_to(BASE_PYTHON)
    command = ["/bin/sh", "packaging/environment.sh", "runtime"]

    runs = [
        subprocess.Popen(command, cwd=bare.folder, env=bare.environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = sorted(len(run.communicate(timeout=300)[1]) for run in runs)

    assert [run.returncode for run in runs] == [0, 0]
    assert said[0] == 0
    assert said[1] > 0


def test_an_unknown_environment_is_bad_usage(bare: Project) -> None:
    assert bare.prepare("everything").returncode == 2


def test_the_scripts_are_plain_sh() -> None:
    for script in ("packaging/environment.sh", "tests/hooks/pre-push", "tests/hooks/install.sh"):
        subprocess.run(["/bin/sh", "-n", ROOT / script], check=True)
    assert (ROOT / "tests/hooks/pre-push").stat().st_mode & stat.S_IXUSR
