"""A source is built by its recipe: what its commands print is read when they fail, and what they made is the site."""

from pathlib import Path

import pytest

from appliance.storage.blobs import Blobs
from builds import generate as building
from builds.errors import BuildError
from builds.order import Order
from builds.recipe import Recipe, Step
from builds.values import Limits, Plan, StoredFile, Unpacked
from builds.watcher import Watcher
from tests.builds.plain_sandbox import PlainSandbox

OUTPUTS = ("dist", "build", "out")
NOTE = "vite.config.js sets base to /app/: pages will look for their files there, not at /."


@pytest.fixture
def said() -> list[str]:
    """What the log of the build says."""
    return []


@pytest.fixture
def build(tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> "Build":
    monkeypatch.setattr(building, "sandbox_for", lambda _wishes: PlainSandbox())
    return Build(tmp_path, said)


class Build:
    """Builds a project of one file by shell scripts of the test."""

    def __init__(self, folder: Path, said: list[str]) -> None:
        self._folder = folder
        self._said = said
        self.notes: list[str] = []

    def __call__(self, run: str, *, fetch: str = "true", output: tuple[str, ...] = OUTPUTS) -> list[str]:
        staging = Blobs(self._folder / "blobs").stage(self._folder / "stage")
        order = Order(cache=self._folder / "cache", site="alice")
        plan = Plan("d1", self._folder / "upload", self._folder / "work", Limits(), order=order)
        recipe = Recipe("npm", "npm", "", "", (shell(run),), output, fetch=(shell(fetch),), notes=(NOTE,))
        watcher = Watcher(lambda _step, _done, _total: None, lambda _step, line: self._said.append(line))
        plan.workspace.mkdir()
        try:
            uploaded = StoredFile("build/make.js", *staging.put([b"// a script"]))
            made = building.generate(recipe, plan, Unpacked((uploaded,)), staging, watcher)
            self.notes = [note.message for note in made.notes]
            return [file.path for file in made.files]
        finally:
            staging.discard()


def shell(script: str) -> Step:
    return Step(("sh", "-c", script))


def test_the_pages_that_were_made_are_the_site(build: Build, said: list[str]) -> None:
    assert build("mkdir out && echo made > out/index.html") == ["index.html"]
    assert said[-1] == "npm made 1 file in out/"


def test_what_does_not_go_well_about_a_source_is_told_with_the_deploy(build: Build, said: list[str]) -> None:
    build("mkdir out && echo made > out/index.html")

    assert build.notes == [NOTE]
    assert NOTE in said


def test_the_log_does_not_say_where_the_server_keeps_its_data(build: Build, said: list[str], tmp_path: Path) -> None:
    build("pwd; echo at $PWD/src/a.md:3; echo $HOME; ls -d $PWD/../home; mkdir out && echo made > out/index.html")

    assert said[-5:-1] == [".", "at ./src/a.md:3", "~", "./../home"]
    assert str(tmp_path) not in "\n".join(said)


def test_a_program_that_a_script_lacks_is_named_rather_than_the_one_that_runs_it(build: Build) -> None:
    with pytest.raises(BuildError) as failed:
        build("gulp-of-nobody build")

    assert failed.value.detail.startswith("npm ended with an error: ")
    assert failed.value.detail.endswith(
        "ended with status 127. “gulp-of-nobody” is not there: have the project install the package that it comes from."
    )


def test_what_is_known_of_a_fetch_that_failed_is_said_in_place_of_trying_again(build: Build) -> None:
    with pytest.raises(BuildError) as known:
        build("true", fetch="echo npm error code ERESOLVE; exit 1")

    assert "legacy-peer-deps" in known.value.detail
    assert "Trying again" not in known.value.detail
    assert not known.value.retry


def test_of_what_is_not_known_the_log_is_named(build: Build) -> None:
    with pytest.raises(BuildError) as failed:
        build("true", fetch="echo something else; exit 1")

    assert "The log's last lines say more. Trying again helps" in failed.value.detail
    assert failed.value.lines[-1] == "something else"
    assert failed.value.retry
