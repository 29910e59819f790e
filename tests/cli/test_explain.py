"""`explain URL` against a real HTTP server."""

import json
from typing import Any

import pytest
from quart import Quart, Response, request

from tests.cli import double as double_module
from tests.cli.conftest import Run
from tests.cli.double import Double, answer, problem

RULE = {
    "file": "_redirects", "line": 3, "path": "/old/*", "to": "/new/:splat", "status": 301, "force": True, "why_not": ""
}  # fmt: skip
PLAIN: dict[str, Any] = {
    "deploy": "abc", "number": 7, "preview": False, "status": 200, "headers": [{"name": "etag", "value": '"x"'}],
    "file": "index.html", "rule": None, "passed_over": [], "blocks": [], "caching": "revalidate", "coding": "",
    "codings": [], "guard": "", "steps": [{"step": "send file", "said": "The file is sent.", "answered": True}],
}  # fmt: skip
RICH = PLAIN | {
    "preview": True, "rule": RULE, "file": None, "passed_over": [RULE | {"force": False, "why_not": "query"}],
    "blocks": [{"file": "_headers", "line": 1, "path": "/*", "sets": ["x-a", "x-b"], "drops": ["x-c"]}],
    "coding": "br", "codings": ["zstd", "br"], "guard": "gate",
    "steps": [{"step": "find file", "said": "No file is there.", "answered": False}, *PLAIN["steps"]],
}  # fmt: skip


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """Explain, added to the double; the queries it was sent, with the site as `site`."""
    received: list[dict[str, str]] = []
    make = double_module.make_app

    def with_explain(of: Double) -> Quart:
        app = make(of)

        @app.get("/api/v1/sites/<name>/explain")
        async def explain(name: str) -> Response:
            received.append({"site": name, **request.args})
            if name == "none":
                return problem(404, "There is no site 'none' in this account.")
            return answer(RICH if name == "rich" else PLAIN)

        return app

    monkeypatch.setattr(double_module, "make_app", with_explain)
    return received


@pytest.mark.parametrize(
    ("typed", "site", "url"),
    [
        ("http://blog.localhost:8080/a?b", "blog", "http://blog.localhost:8080/a?b"),
        ("blog.localhost/a", "blog", "http://blog.localhost/a"),
        ("https://d1--blog.example.org", "blog", "https://d1--blog.example.org"),
    ],
)
def test_the_site_is_told_from_the_address(
    asked: list[dict[str, str]], double: Double, run: Run, typed: str, site: str, url: str
) -> None:
    assert run("explain", typed).code == 0
    assert asked == [{"site": site, "url": url, "language": "", "cookie": "", "country": ""}]


def test_what_the_visitor_sends_can_be_said(asked: list[dict[str, str]], double: Double, run: Run) -> None:
    run(
        "explain", "blog.localhost", "--accept-encoding", "br", "--language", "fr", "--cookie", "a=b", "--country", "de"
    )

    assert asked[0] == {
        "site": "blog", "url": "http://blog.localhost", "accept_encoding": "br", "language": "fr", "cookie": "a=b",
        "country": "de",
    }  # fmt: skip


def test_an_answer_is_explained_for_people(asked: list[dict[str, str]], double: Double, run: Run) -> None:
    lines = [line.split() for line in run("explain", "blog.localhost").out.splitlines()]

    assert lines[:4] == [["status", "200"], ["deploy", "7", "(abc)"], ["file", "index.html"], ["rule", "-"]]
    assert lines[5:7] == [["coding", "as", "it", "is"], ["stands", "before", "it", "nothing"]]
    assert ["etag", '"x"'] in lines
    assert lines[-1] == ["send", "file", "The", "file", "is", "sent.", "(the", "answer)"]


def test_rules_blocks_codings_and_the_gate_are_told(asked: list[dict[str, str]], double: Double, run: Run) -> None:
    lines = [" ".join(line.split()) for line in run("explain", "rich.localhost").out.splitlines()]

    assert "deploy 7 (abc, at its own address)" in lines
    assert "rule _redirects:3 /old/* /new/:splat 301!" in lines
    assert "_redirects:3 /old/* /new/:splat 301 the query is another" in lines
    assert "_headers:1 /* x-a, x-b x-c" in lines
    assert "coding br (there is zstd, br)" in lines
    assert "stands before it a gate; this is what is behind" in lines


def test_as_json_it_is_the_apis(asked: list[dict[str, str]], double: Double, run: Run) -> None:
    assert json.loads(run("explain", "rich.localhost", "--json").out) == RICH


def test_a_refusal_is_one_sentence(asked: list[dict[str, str]], double: Double, run: Run) -> None:
    outcome = run("explain", "none.localhost")

    assert (outcome.code, outcome.err) == (1, "There is no site 'none' in this account.\n")


@pytest.mark.parametrize("typed", ["", "http://", "/about", "http://[::1"])
def test_what_is_no_address_is_bad_usage(asked: list[dict[str, str]], double: Double, run: Run, typed: str) -> None:
    outcome = run("explain", typed)

    assert (outcome.code, asked) == (2, [])
    assert "is no address" in outcome.err
