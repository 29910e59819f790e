"""Where a build put the site: among folders that may be meant, the one with the pages that it made."""

from collections.abc import Callable
from pathlib import Path

import pytest

from builds import output
from builds.errors import BuildError
from builds.generators.npm_script import OUTPUTS
from builds.output import Before, output_folder
from tests.builds.projects import Files
from tests.builds.workbench import write

Build = Callable[[Files], None]
HOUR = 3600


def found(source: Path, uploaded: Files, made: Files, candidates: tuple[str, ...] = OUTPUTS, base: str = "") -> str:
    """The output folder of a project, of which a build has made files."""
    source.mkdir(exist_ok=True)
    write(source, uploaded)
    before = Before(frozenset(uploaded))
    for path, text in made.items():
        write(source, {path: text})
    return output_folder(source, base, candidates, before).relative_to(source).as_posix()


def refusal(source: Path, uploaded: Files, made: Files, candidates: tuple[str, ...] = OUTPUTS, base: str = "") -> str:
    with pytest.raises(BuildError) as refused:
        found(source, uploaded, made, candidates, base)
    return refused.value.detail


def test_a_folder_of_scripts_is_not_the_site(tmp_path: Path) -> None:
    uploaded = {"build/make.js": "", "dist/legacy.js": ""}

    assert found(tmp_path, uploaded, {"www/index.html": "made"}) == "www"


def test_a_page_that_was_made_goes_before_a_template_that_was_uploaded(tmp_path: Path) -> None:
    uploaded = {"out/index.html": "a template"}

    assert found(tmp_path, uploaded, {"public/a/page.htm": "made"}) == "public"


def test_an_uploaded_page_that_was_written_again_was_made(tmp_path: Path) -> None:
    uploaded = {"build/index.html": "a template", "public/index.html": "of the build before"}
    write(tmp_path, uploaded)
    before = Before(frozenset(uploaded), at=(tmp_path / "build" / "index.html").stat().st_mtime - HOUR)
    (tmp_path / "build" / "index.html").touch()

    assert output_folder(tmp_path, "", OUTPUTS, before) == tmp_path / "build"


def test_an_uploaded_page_goes_before_files_that_are_none(tmp_path: Path) -> None:
    assert found(tmp_path, {"public/index.html": "a page"}, {"dist/server.js": "made"}) == "public"


def test_files_that_were_made_are_the_site_where_there_is_no_page(tmp_path: Path) -> None:
    assert found(tmp_path, {"dist/old.js": ""}, {"out/api.json": "{}"}) == "out"


def test_the_first_of_equals_is_taken(tmp_path: Path) -> None:
    assert found(tmp_path, {}, {"out/index.html": "made", "build/index.html": "made"}) == "build"


def test_the_only_folder_that_may_be_meant_needs_no_page(tmp_path: Path) -> None:
    assert found(tmp_path, {"scripts/a.js": ""}, {}, ("scripts",)) == "scripts"


def test_what_only_the_upload_holds_is_never_published_in_its_place(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"build/make.js": "", "dist/legacy.js": ""}, {})

    assert said.startswith("The build ended well, but no site is where it was looked for: dist/, build/, out/,")
    assert said.endswith("Set the site's output folder to where your build writes.")


def test_pages_in_another_folder_are_named(tmp_path: Path) -> None:
    uploaded = {"docs/index.html": "uploaded", "app/b.js": ""}
    made = {
        "app/web/html/index.html": "made",
        "app/web/html/deep/index.html": "",
        "app/node_modules/a/index.html": "x",
    }

    said = refusal(tmp_path, uploaded, made, base="app")

    assert said.endswith("Set the site's output folder to web/html, where it made pages.")


def test_of_more_files_than_anybody_wants_to_look_at_some_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "MOST_LOOKED_AT", 5)
    made = {f"dist/{number}.js": "" for number in range(9)} | {"dist/deep/index.html": "made"}

    assert found(tmp_path, {}, made) == "dist"


def test_a_folder_that_its_author_has_put_elsewhere_is_named(tmp_path: Path) -> None:
    astray = "It writes to ../site."

    with pytest.raises(BuildError) as refused:
        output_folder(tmp_path, "", ("site",), Before(frozenset()), astray)

    assert refused.value.detail.endswith(f"no site is where it was looked for: site/. {astray}")


def test_pages_beside_the_source_are_named(tmp_path: Path) -> None:
    assert "It wrote its pages beside its source" in refusal(tmp_path, {"b.js": ""}, {"index.html": "made"})


@pytest.mark.parametrize("where", ["dist", "dist/html"])
@pytest.mark.parametrize("others", [(), ("build",)])
def test_an_output_folder_that_is_reached_by_a_link_is_none(
    tmp_path: Path, where: str, others: tuple[str, ...]
) -> None:
    write(tmp_path, {"dist/html/index.html": "made"})
    (tmp_path / where).rename(tmp_path / "elsewhere")
    (tmp_path / where).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(BuildError, match="is a symbolic link") if where == "dist" else pytest.raises(BuildError):
        output_folder(tmp_path, "", (where, *others), Before(frozenset()))


def test_a_folder_that_leads_out_is_none(tmp_path: Path) -> None:
    write(tmp_path / "other", {"index.html": "of somebody else"})
    (tmp_path / "source").mkdir()

    with pytest.raises(BuildError, match="no site is where it was looked for"):
        output_folder(tmp_path / "source", "", ("../other",), Before(frozenset()))
