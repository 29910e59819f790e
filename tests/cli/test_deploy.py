"""`deploy` against a real HTTP server."""

import io
import json
import tarfile
from pathlib import Path

import pytest
import zstandard

from appliance.cli import watch
from tests.cli.conftest import Run
from tests.cli.double import Double

PROBLEM = {"code": "no_index", "message": "There is no index.html.", "path": None, "line": None, "count": 1}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "my site"
    made.mkdir()
    (made / "index.html").write_text("hello")
    return made


def test_a_folder_is_sent_and_its_address_printed(run: Run, double: Double, folder: Path) -> None:
    double.add_site("blog")

    outcome = run("deploy", folder, "--site", "blog", "--message", "First & last")

    assert (outcome.code, outcome.out) == (0, "http://blog.localhost:8080/\n")
    assert outcome.err == "Deploy 1 of blog is live: 2 files, 1.2 MB.\n"
    [upload] = double.uploads
    assert upload["headers"]["Content-Type"] == "application/zstd"
    assert upload["query"] == {"message": "First & last", "draft": "false", "filename": "my site"}
    with zstandard.ZstdDecompressor().stream_reader(upload["body"]) as plain:
        assert tarfile.open(fileobj=io.BytesIO(plain.read())).getnames() == ["index.html"]  # noqa: SIM115 - memory


def test_an_archive_is_sent_as_it_is_with_its_length(run: Run, double: Double, tmp_path: Path) -> None:
    double.add_site("blog")
    archive = tmp_path / "site.zip"
    archive.write_bytes(bytes(1_000_000))

    run("deploy", archive, "--site", "blog")

    [upload] = double.uploads
    assert upload["body"] == bytes(1_000_000)
    assert upload["headers"]["Content-Length"] == "1000000"
    assert upload["query"]["filename"] == "site.zip"


def test_a_single_file_is_sent_as_a_form(run: Run, double: Double, folder: Path) -> None:
    double.add_site("blog")

    run("deploy", folder / "index.html", "--site", "blog")

    [upload] = double.uploads
    assert upload["headers"]["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'filename="index.html"' in upload["body"]


def test_a_missing_site_is_made(run: Run, double: Double, folder: Path) -> None:
    outcome = run("deploy", folder, "--site", "blog")

    assert outcome.code == 0
    assert double.paths[:3] == ["GET /api/v1/sites/blog", "POST /api/v1/sites", "POST /api/v1/sites/blog/deploys"]


def test_a_site_that_somebody_else_makes_meanwhile_is_used(run: Run, double: Double, folder: Path) -> None:
    double.creating_races = True

    assert run("deploy", folder, "--site", "blog").code == 0


def test_a_site_that_cannot_be_made_is_one_sentence(run: Run, double: Double, folder: Path) -> None:
    outcome = run("deploy", folder, "--site", "Bad")

    assert (outcome.code, outcome.out, outcome.err) == (1, "", "A value is not allowed. (name: use a to z)\n")
    assert double.uploads == []


def test_nothing_is_sent_when_the_site_cannot_be_looked_at(run: Run, double: Double, folder: Path) -> None:
    outcome = run("deploy", folder, "--site", "busy")

    assert (outcome.code, outcome.err) == (1, "Too busy. Try again in 7 s.\n")
    assert double.uploads == []


def test_a_draft_prints_its_own_address(run: Run, double: Double, folder: Path) -> None:
    outcome = run("deploy", folder, "--site", "blog", "--draft")

    assert outcome.out == "http://d1--blog.localhost:8080/\n"
    assert outcome.err == "Deploy 1 of blog is ready: 2 files, 1.2 MB.\n"
    assert double.uploads[0]["query"]["draft"] == "true"


def test_a_deploy_that_another_one_overtook_is_told(run: Run, double: Double, folder: Path) -> None:
    double.goes_live = False

    outcome = run("deploy", folder, "--site", "blog")

    assert (outcome.code, outcome.out) == (0, "http://d1--blog.localhost:8080/\n")
    assert "warning: another deploy is live: `dropdock publish blog 1`" in outcome.err


def test_one_file_is_not_files(run: Run, double: Double, folder: Path) -> None:
    double.files = 1

    assert ": 1 file, " in run("deploy", folder, "--site", "blog").err


def test_problems_are_warnings_with_their_place(run: Run, double: Double, folder: Path) -> None:
    rules = {"code": "bad_rule", "message": "This is no rule.", "path": "_redirects", "line": 3, "count": 2}
    double.problems = [PROBLEM, rules]
    (folder / ".env").write_text("SECRET=1")

    outcome = run("deploy", folder, "--site", "blog")

    assert outcome.err.splitlines()[:3] == [
        "warning: Left out (no part of a site): .env.",
        "warning: There is no index.html.",
        "warning: _redirects:3: This is no rule. (2x)",
    ]


def test_json_is_one_object(run: Run, double: Double, folder: Path) -> None:
    double.problems = [PROBLEM]

    outcome = run("deploy", folder, "--site", "blog", "--json")

    assert outcome.code == 0
    assert list(json.loads(outcome.out).items()) == list(
        {
            "site": "blog",
            "deploy": "d1",
            "state": "live",
            "url": "http://blog.localhost:8080/",
            "deploy_url": "http://d1--blog.localhost:8080/",
            "files": 2,
            "bytes": 1234567,
            "aliases": [],
            "problems": [PROBLEM],
            "error": None,
        }.items()
    )


def test_json_of_a_draft_says_ready(run: Run, double: Double, folder: Path) -> None:
    assert json.loads(run("deploy", folder, "--site", "blog", "--json", "--draft").out)["state"] == "ready"


def test_a_deploy_that_fails_is_one_sentence(run: Run, double: Double, folder: Path) -> None:
    double.outcome, double.error = "failed", {"code": "too_many_entries", "detail": "Too many files.", "limit": None}

    outcome = run("deploy", folder, "--site", "blog")

    assert (outcome.code, outcome.out, outcome.err) == (1, "", "Too many files.\n")


def test_a_deploy_that_fails_is_an_object_too(run: Run, double: Double, folder: Path) -> None:
    double.outcome = "failed"

    outcome = run("deploy", folder, "--site", "blog", "--json")

    assert (outcome.code, outcome.err) == (1, "Deploy 1 failed.\n")
    assert json.loads(outcome.out)["state"] == "failed"


def test_json_of_a_deploy_that_fails_says_why_as_the_api_does(run: Run, double: Double, folder: Path) -> None:
    why = {"code": "too_many_entries", "detail": "Too many files.", "limit": {"name": "entries", "value": "9"}}
    double.outcome, double.error = "failed", why

    outcome = run("deploy", folder, "--site", "blog", "--json")

    assert (outcome.code, outcome.err) == (1, "Too many files.\n")
    assert json.loads(outcome.out)["error"] == why


@pytest.mark.parametrize("events", ["broken", "missing"])
def test_a_deploy_is_asked_for_where_events_break_off(run: Run, double: Double, folder: Path, events: str) -> None:
    double.events = events

    outcome = run("deploy", folder, "--site", "blog")

    assert outcome.out == "http://blog.localhost:8080/\n"
    assert double.paths[-1] == "GET /api/v1/deploys/d1"


def test_a_deploy_is_asked_for_until_it_is_finished(
    run: Run, double: Double, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "ASK_EVERY", 0.01)
    double.events, double.still_working = "missing", 3

    assert run("deploy", folder, "--site", "blog").code == 0
    assert double.paths.count("GET /api/v1/deploys/d1") == 4


def test_a_deploy_that_is_gone_is_not_waited_for(run: Run, double: Double, folder: Path) -> None:
    double.events, double.gone = "missing", True

    outcome = run("deploy", folder, "--site", "blog")

    assert (outcome.code, outcome.err) == (1, "There is no such deploy.\n")


def test_a_server_that_is_away_for_a_moment_is_waited_for(
    run: Run, double: Double, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "ASK_EVERY", 0.01)
    double.events, double.away = "missing", 2

    assert run("deploy", folder, "--site", "blog").code == 0


def test_a_server_that_stays_away_is_given_up(
    run: Run, double: Double, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "ASK_EVERY", 0.01)
    monkeypatch.setattr(watch, "PATIENCE", 0.1)
    double.events, double.away = "missing", 1_000_000

    outcome = run("deploy", folder, "--site", "blog")

    assert outcome.code == 1
    assert "`dropdock deploys blog`" in outcome.err


def test_a_file_that_is_cut_while_it_is_sent_is_told(
    run: Run, double: Double, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "index.html").write_bytes(bytes(1000))
    measure = Path.stat
    monkeypatch.setattr(
        Path, "stat", lambda path: _Longer(measure(path)) if path.name == "index.html" else measure(path)
    )

    outcome = run("deploy", folder, "--site", "blog")

    assert outcome.code == 1
    assert outcome.err.endswith("index.html changed while it was read: deploy again once nothing writes to it.\n")


@pytest.mark.parametrize("arguments", [["deploy", "/nowhere/at/all", "--site", "x"], ["deploy", "."]])
def test_a_missing_path_or_site_is_bad_usage(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).code == 2


class _Longer:
    """A file's status, from before somebody cut it."""

    def __init__(self, status: object) -> None:
        self._status = status

    def __getattr__(self, name: str) -> object:
        return 2000 if name == "st_size" else getattr(self._status, name)
