"""`site …`, `deploys`, `publish`, `rollback` against a real HTTP server."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.double import Double


def test_create_prints_the_address(run: Run, double: Double) -> None:
    outcome = run("site", "create", "blog")

    assert (outcome.code, outcome.out, outcome.err) == (0, "http://blog.localhost:8080/\n", "")


def test_a_name_that_is_taken_is_one_sentence(run: Run, double: Double) -> None:
    double.add_site("blog")

    outcome = run("site", "create", "blog")

    assert (outcome.code, outcome.out, outcome.err) == (1, "", "The name 'blog' is taken: choose another.\n")


def test_what_is_wrong_with_a_field_is_told(run: Run, double: Double) -> None:
    outcome = run("site", "create", "Bad")

    assert outcome.code == 1
    assert outcome.err == "A value is not allowed. (name: use a to z)\n"


def test_list_shows_every_page(run: Run, double: Double) -> None:
    for number in range(201):
        double.add_site(f"s{number}")

    outcome = run("site", "list")

    assert len(outcome.out.splitlines()) == 202
    assert outcome.out.splitlines()[0].split() == ["NAME", "LIVE", "DEPLOYS", "OWNER", "ADDRESS"]


def test_list_as_json_is_the_sites(run: Run, double: Double) -> None:
    made = double.add_site("blog")

    outcome = run("site", "list", "--json")

    assert json.loads(outcome.out) == [made]


def test_an_empty_list_has_only_headings(run: Run, double: Double) -> None:
    assert len(run("site", "list").out.splitlines()) == 1


def test_show_tells_what_is_live_and_the_options(run: Run, double: Double) -> None:
    double.add_site("blog")["live"] = {"deploy": "d3", "number": 3, "published_at": "2026-11-23T05:00:00Z"}

    lines = [re.split("  +", line) for line in run("site", "show", "blog").out.splitlines()]

    assert ["live deploy", "3"] in lines
    assert ["minify", "on"] in lines
    assert ["spa", "off"] in lines


def test_show_as_json_is_the_site(run: Run, double: Double) -> None:
    made = double.add_site("blog")

    assert json.loads(run("site", "show", "blog", "--json").out) == made


def test_a_name_cannot_lead_to_another_path(run: Run, double: Double) -> None:
    run("site", "show", "../accounts?x")

    assert double.paths == ["GET /api/v1/sites/../accounts?x"]  # as Quart gives it, decoded: one segment of the path


def test_an_empty_name_is_bad_usage(run: Run, double: Double) -> None:
    outcome = run("site", "delete", " ")

    assert outcome.code == 2
    assert "cannot be empty" in outcome.err
    assert double.paths == []


def test_set_sends_what_is_named_and_prints_what_now_holds(run: Run, double: Double) -> None:
    double.add_site("blog")

    outcome = run("site", "set", "blog", "minify=off", "spa=on", "any_case=on", "dialect=cloudflare", "html=slash")

    assert outcome.out == "dialect=cloudflare html=slash spa=on minify=off any_case=on head_snippet=\n"
    assert double.sites["blog"]["options"] == {
        "dialect": "cloudflare",
        "html": "slash",
        "spa": True,
        "minify": False,
        "any_case": True,
        "head_snippet": "",
    }


def test_a_snippet_is_any_text_or_a_files(run: Run, double: Double, tmp_path: Path) -> None:
    double.add_site("blog")
    (tmp_path / "count.html").write_text("<script>\n  count(1)\n</script>\n" + "<!-- long -->" * 9)

    run("site", "set", "blog", "head_snippet=<meta name=a content=b=c>")
    given = double.sites["blog"]["options"]["head_snippet"]
    outcome = run("site", "set", "blog", f"head_snippet=@{tmp_path / 'count.html'}")

    assert given == "<meta name=a content=b=c>"
    assert double.sites["blog"]["options"]["head_snippet"].startswith("<script>\n  count(1)")
    assert "head_snippet=<script> count(1) </script> <!-- long -->" in outcome.out
    assert outcome.out.endswith("…\n")


def test_a_snippet_in_a_file_that_is_not_there_is_bad_usage(run: Run, double: Double) -> None:
    outcome = run("site", "set", "blog", "head_snippet=@nowhere.html")

    assert outcome.code == 2
    assert "nowhere.html cannot be read" in outcome.err
    assert double.paths == []


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("minfy=on", "did you mean minify?"),
        ("dialect=netlfy", "did you mean netlify?"),
        ("html=zzz", "use one of natural, auto, slash, noslash, exact"),
        ("zzz=1", "use one of minify, spa, any_case, dialect, html, head_snippet"),
        ("minify", "is not KEY=VALUE"),
    ],
)
def test_an_option_nobody_knows_is_bad_usage_with_a_suggestion(
    run: Run, double: Double, option: str, hint: str
) -> None:
    outcome = run("site", "set", "blog", option)

    assert outcome.code == 2
    assert hint in outcome.err
    assert double.paths == []


def test_set_wants_an_option(run: Run, double: Double) -> None:
    assert run("site", "set", "blog").code == 2


def test_delete_deletes(run: Run, double: Double) -> None:
    double.add_site("blog")

    outcome = run("site", "delete", "blog")

    said = "blog is deleted. Until 2026-12-03 05:00:00 UTC, `dropdock site restore blog` undoes that.\n"
    assert (outcome.code, outcome.out) == (0, said)
    assert double.sites == {}


def test_delete_promises_nothing_where_nothing_is_kept(run: Run, double: Double) -> None:
    double.add_site("blog")
    double.keeps = False

    assert run("site", "delete", "blog").out == "blog is deleted.\n"


def test_what_is_deleted_is_listed_restored_and_ended(run: Run, double: Double) -> None:
    for name in ("blog", "shop"):
        double.add_site(name)
        run("site", "delete", name)

    lines = run("site", "deleted").out.splitlines()
    restored = run("site", "restore", "blog")
    ended = run("site", "end", "shop")

    assert [line.split()[0] for line in lines] == ["NAME", "blog", "shop"]
    assert restored.out == "blog is restored.\nhttp://blog.localhost:8080/\n"
    assert ended.out == "shop is removed for good.\n"
    assert (list(double.sites), double.deleted) == (["blog"], {})


def test_what_is_not_there_cannot_be_deleted(run: Run, double: Double) -> None:
    outcome = run("site", "delete", "blog")

    assert (outcome.code, outcome.err) == (1, "There is no such site.\n")


def test_deploys_shows_which_is_live_failed_or_a_draft(run: Run, double: Double) -> None:
    double.add_deploy("blog", state="ready", live=True, message="First try")
    double.add_deploy("blog", state="ready", draft=True)
    double.add_deploy("blog", state="failed", author=None)
    double.add_deploy("other")

    lines = run("deploys", "blog").out.splitlines()

    assert [line.split()[2] for line in lines] == ["STATE", "live", "draft", "failed"]
    assert "  2026-11-23 05:00:00  alice" in lines[1]
    assert lines[1].endswith("1.2 MB  First try")


def test_deploys_as_json_are_the_deploys(run: Run, double: Double) -> None:
    made = double.add_deploy("blog")

    assert json.loads(run("deploys", "blog", "--json").out) == [made]


@pytest.mark.parametrize("deploy", ["1", "d1"])
def test_publish_takes_number_or_id_and_prints_the_address_last(run: Run, double: Double, deploy: str) -> None:
    double.add_deploy("blog", state="ready")

    outcome = run("publish", "blog", deploy)

    assert (outcome.code, outcome.out) == (0, "Deploy 1 of blog is live.\nhttp://blog.localhost:8080/\n")


def test_publish_of_an_unknown_deploy_fails(run: Run, double: Double) -> None:
    outcome = run("publish", "blog", "9")

    assert (outcome.code, outcome.err) == (1, "blog has no deploy 9.\n")


def test_rollback_prints_what_is_live_now(run: Run, double: Double) -> None:
    double.add_deploy("blog", state="ready")

    outcome = run("rollback", "blog")

    assert (outcome.code, outcome.out) == (0, "Deploy 1 of blog is live.\nhttp://blog.localhost:8080/\n")


def test_help_of_set_has_a_line_for_each_option(run: Run) -> None:
    lines = [line.strip() for line in run("site", "set", "--help").out.splitlines()]

    assert {"minify=on|off", "spa=on|off", "dialect=netlify|cloudflare"} <= set(lines)
    assert {"html=natural|auto|slash|noslash|exact", "head_snippet=HTML|@FILE"} <= set(lines)
